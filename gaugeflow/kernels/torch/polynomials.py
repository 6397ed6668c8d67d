"""Polynomials of Wilson loops in torch: the reference, any N, any device, by automatic derivatives."""

from math import prod

import torch
from torch import Tensor

from gaugeflow.kernels.polynomials import LoopPolynomials
from gaugeflow.kernels.tapes.loops import Trace

__all__ = ["TorchPolynomials"]


class TorchPolynomials(LoopPolynomials):
    """States are matrices ``(batch, D, *shape, N, N)``, U(1) included, as those of the torch kernels."""

    def values(self, state: Tensor) -> Tensor:
        """Differentiable, also twice."""
        traces = self._traces(state)
        one = torch.ones(len(state), *self.kernels.shape, dtype=torch.complex128, device=state.device)
        columns = []
        for function in self.functions:
            terms = [prod((self._factor(traces, *factor) for factor in term), start=one) for term in function]
            columns.append(sum(term.real.flatten(1).sum(1) for term in terms))
        return torch.stack(columns, 1)  # type: ignore[arg-type]

    def directional(self, state: Tensor, momenta: Tensor) -> tuple[Tensor, Tensor]:
        with torch.enable_grad():
            s = torch.zeros(len(state), dtype=momenta.dtype, device=momenta.device, requires_grad=True)
            values = self.values(self._along(state, s, momenta))
            # The derivative forwards as a derivative backwards of one backwards.
            u = torch.zeros_like(values, requires_grad=True)
            (slope,) = torch.autograd.grad(values, s, u, create_graph=True)
            (along,) = torch.autograd.grad(slope.sum(), u)
        return values.detach(), along

    def force(self, state: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        with torch.enable_grad():
            w = self._rest(state).requires_grad_()
            values = self.values(self._moved(state, w))
            (force,) = torch.autograd.grad((values @ c).sum(), w)
        return force, values.detach()

    def pullback(
        self, state: Tensor, momenta: Tensor, c: Tensor, e: Tensor, weight: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        with torch.enable_grad():
            s = torch.zeros(len(state), dtype=momenta.dtype, device=momenta.device, requires_grad=True)
            w = torch.zeros_like(momenta, requires_grad=True)
            values = self.values(self._moved(self._along(state, s, momenta), w))
            (slope,) = torch.autograd.grad((values @ c).sum(), s, create_graph=True)
            (back,) = torch.autograd.grad(slope.sum() + (values @ e) @ weight, w)
        return back, self.force(state, c)[0], *self.directional(state, momenta)

    def _rest(self, state: Tensor) -> Tensor:
        """Momenta of zero."""
        size = (*state.shape[: 2 + self.kernels.ndim], self.kernels.dim)
        return torch.zeros(size, dtype=self.kernels.dtype, device=state.device)

    def _along(self, state: Tensor, s: Tensor, momenta: Tensor) -> Tensor:
        return self._moved(state, s.view(-1, *[1] * (momenta.ndim - 1)) * momenta)

    def _moved(self, state: Tensor, w: Tensor) -> Tensor:
        """``exp(i w) U``; for U(1) too the state is made of complex numbers."""
        if self.kernels.n == 1:
            return torch.exp(1j * w)[..., None] * state
        return self.kernels.group.exp(w) @ state

    def _traces(self, state: Tensor) -> list[Tensor]:
        """All traces at every site, complex128 ``(batch, *shape)``."""
        fields = list(state.unbind(1))
        for step in self.tape.products:
            a, b = self._seen(fields[step.a], step.a_place), self._seen(fields[step.b], step.b_place)
            product = (a.mH if step.a_adjoint else a) @ (b.mH if step.b_adjoint else b)
            if step.field < len(fields):
                fields[step.field] = fields[step.field] + product
            else:
                fields.append(product)
        return [self._trace(fields, trace) for trace in self.tape.traces]

    def _trace(self, fields: list[Tensor], trace: Trace) -> Tensor:
        a, b = fields[trace.a], self._seen(fields[trace.b], trace.shift)
        product = (a * b.conj() if trace.b_adjoint else a * b.mT).sum((-2, -1)) / self.kernels.n
        return product.to(torch.complex128)

    def _factor(self, traces: list[Tensor], index: int, conjugate: bool, place: tuple[int, ...]) -> Tensor:
        trace = self._seen(traces[index], place)
        return trace.conj() if conjugate else trace

    def _seen(self, field: Tensor, shift: tuple[int, ...]) -> Tensor:
        """``f(x + shift)`` at x."""
        if not any(shift):
            return field
        return field.roll(tuple(-d for d in shift), tuple(range(1, self.kernels.ndim + 1)))
