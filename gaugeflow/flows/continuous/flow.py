"""Trivializing flows: links carried along the gradient of a gauge-invariant potential.

``dU/dt = i v_a T_a U`` with ``v_a = -d_a Phi_t(U)`` takes the Haar measure (t = 0) to the target (t = 1);
``d log|det J| / dt = -Lap Phi_t`` (arXiv:0907.5491, 2212.08469). The potential ``Phi_t = sum_k c_k(t) Phi_k`` is a sum
of products of Wilson loops whose Laplacians are known in closed form; its coefficients belong to no extent.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Literal

import torch
from torch import Tensor, nn

from gaugeflow.errors import UserError
from gaugeflow.flows.continuous.bsplines import BSpline
from gaugeflow.flows.continuous.lie_integrators import LieIntegrator, Numbers, get_lie_integrator
from gaugeflow.flows.continuous.link_flow import LinkFlow
from gaugeflow.flows.continuous.loop_algebra import Monomial
from gaugeflow.flows.continuous.loop_basis import LoopBasis
from gaugeflow.flows.continuous.staple_basis import StapleBasis
from gaugeflow.groups import Group
from gaugeflow.kernels.numba.threads import threads_for_kernels
from gaugeflow.kernels.polynomials import LoopPolynomials
from gaugeflow.kernels.select import get_loop_polynomials
from gaugeflow.lattice.fields import lattice_shape

__all__ = ["ContinuousFlow"]


class ContinuousFlow(LinkFlow):
    """The flow of a potential made of Wilson loops, with gradients by the adjoint equation.

    Nothing of the trajectory is stored: the backward pass integrates links, cotangent and the gradient of the
    coefficients back in time, so that memory does not grow with the number of steps. Log-determinant and gradients are
    those of the equation, not of its discretisation: exact up to the integrator, see
    :class:`~gaugeflow.flows.integrated.Integrated`. Gauge transformations, translations, charge conjugation and centre
    are exact symmetries of every step, reflections and rotations of the equation.

    Args:
        group: U(1) or SU(N).
        functions: one monomial for each, see :func:`~gaugeflow.flows.luescher_functions`, or ``staples`` for those of
            :class:`~gaugeflow.flows.StapleBasis`.
        steps: steps of the integrator.
        integrator: ``cg2``, ``cg3``, ``rkmk4`` or ``rkmk8``.
        splines: B-splines in time for each coefficient.
        degree: their degree.
        dtype: real dtype of the coefficients.
        chunk_size: configurations that are integrated at a time.
        backend: ``auto``, ``numba`` or ``torch``.
        extrapolated: see :class:`~gaugeflow.flows.integrated.Integrated`.

    Attributes:
        coefficients: ``(splines, functions)``, zero at first: the identity.
    """

    def __init__(
        self,
        group: Group,
        functions: Sequence[Monomial] | Literal["staples"],
        steps: int = 8,
        integrator: str = "rkmk4",
        splines: int = 5,
        degree: int = 3,
        dtype: torch.dtype = torch.float64,
        chunk_size: int = 1024,
        backend: str = "auto",
        extrapolated: bool = False,
    ) -> None:
        super().__init__()
        if steps < 1 or chunk_size < 1 or not functions:
            raise UserError(f"continuous flow: expected steps, chunk_size and functions, got {steps}, {chunk_size}")
        self.group, self.steps, self.chunk_size, self.extrapolated = group, steps, chunk_size, extrapolated
        self.functions = None if functions == "staples" else tuple(functions)
        size = StapleBasis.size if self.functions is None else len(self.functions)
        self.integrator: LieIntegrator = get_lie_integrator(integrator)
        self.spline = BSpline(splines, degree)
        self.backend = backend
        self.coefficients = nn.Parameter(torch.zeros(splines, size, dtype=dtype))

    @property
    def order(self) -> int:  # type: ignore[override]
        return self.integrator.order

    def integrate(self, field: Tensor, times: Sequence[float]) -> tuple[Tensor, Tensor]:
        return _Transport.apply(field, self.coefficients, self, times)

    def system(self, links: Tensor) -> "LoopSystem":
        """The equations for fields like ``links``."""
        shape = lattice_shape(links)
        basis, polynomials = _tables(
            self.group, shape, self.functions, links.real.dtype, str(links.device), self.backend
        )
        return LoopSystem(basis, polynomials, self.spline, self.coefficients.detach().double())


class LoopSystem:
    """The right-hand sides of a flow and of its adjoint for given coefficients, on the states of the kernels."""

    def __init__(
        self, basis: LoopBasis | StapleBasis, polynomials: LoopPolynomials, spline: BSpline, coefficients: Tensor
    ) -> None:
        self.basis, self.polynomials, self.spline = basis, polynomials, spline
        self.kernels = polynomials.kernels
        self.coefficients = coefficients

    def weights(self, t: float) -> tuple[Tensor, Tensor]:
        """Coefficients of ``Phi_t`` and of ``Lap Phi_t`` in all functions."""
        return self.basis.weights(self.spline(t).to(self.coefficients) @ self.coefficients)

    def flow(self, t: float, state: Tensor, y: Numbers) -> tuple[Tensor, Numbers]:
        """``v = -grad Phi`` and ``d log|det J| / dt = -Lap Phi``."""
        c, e = self.weights(t)
        force, values = self.polynomials.force(state, c)
        return force.neg_(), (-(values @ e),)

    def adjoint(self, t: float, state: Tensor, y: Numbers) -> tuple[Tensor, Numbers]:
        """The flow with its cotangents ``l_a = dL/dw_a`` and ``m = dL/d log|det J|``, and the gradient of L.

        ``l . w + m dlog|det J|`` is constant for every solution w of the linearised flow. In the frame
        ``U -> exp(i w) U`` that moves with the links, ``dw/dt = dv + i [v, w]`` with ``dv_a = w_b d_b v_a``; the
        commutator of derivatives cancels that of the frame, so ``dl/dt = (l_b d_b) grad Phi + m grad Lap Phi``.
        """
        cotangent, weight = y[:2]
        c, e = self.weights(t)
        rate, force, values, along = self.polynomials.pullback(state, cotangent, c, e, weight)
        gradient = along[:, : self.basis.size] + weight[:, None] * (values @ self.basis.laplacian.T.to(values))
        rows = self.spline(t).to(values)[:, None] * gradient[:, None]
        return force.neg_(), (rate, torch.zeros_like(weight), rows)

    def cotangent(self, links: Tensor, gradient: Tensor) -> Tensor:
        """``dL/dw_a`` along ``exp(i w_a T_a) U`` from torch's gradient with respect to the links."""
        if self.basis.group.n == 1:
            return gradient
        return self.basis.group.coefficients(1j * (links @ gradient.mH)) / 2  # -Im tr(T_a U g^dagger)

    def gradient(self, links: Tensor, cotangent: Tensor) -> Tensor:
        """The gradient along the group that has these ``dL/dw_a``."""
        group = self.basis.group
        return cotangent if group.n == 1 else 2j * group.algebra(cotangent) @ links


class _Transport(torch.autograd.Function):
    """Links along the flow, with log|det J|, from the first to the last of ``times``."""

    @staticmethod
    @threads_for_kernels()
    def forward(ctx: Any, links: Tensor, coefficients: Tensor, flow: ContinuousFlow, times: Sequence[float]) -> Any:
        parts = [transport(flow, part, times) for part in links.detach().split(flow.chunk_size)]
        end, log_det = (torch.cat(pieces) for pieces in zip(*parts, strict=True))
        ctx.save_for_backward(links.detach(), end)
        ctx.flow, ctx.times = flow, times
        return end, log_det.to(links.real.dtype)

    @staticmethod
    @torch.autograd.function.once_differentiable
    @threads_for_kernels()
    def backward(ctx: Any, grad_end: Tensor, grad_log_det: Tensor) -> Any:
        start, end = ctx.saved_tensors
        flow, size = ctx.flow, ctx.flow.chunk_size
        parts = zip(start.split(size), end.split(size), grad_end.split(size), grad_log_det.split(size), strict=True)
        links, rows = [], torch.zeros_like(flow.coefficients)
        for first, last, gradient, weight in parts:
            system = flow.system(last)
            cotangent, per_sample = pull_back(flow, last, system.cotangent(last, gradient), weight, ctx.times[::-1])
            links.append(system.gradient(first, cotangent))
            rows += per_sample.sum(0).to(rows)
        return torch.cat(links), rows, None, None


def transport(flow: ContinuousFlow, links: Tensor, times: Sequence[float]) -> tuple[Tensor, Tensor]:
    """Links at the last time and ``log|det J|``, float64."""
    system = flow.system(links)
    start = torch.zeros(len(links), dtype=torch.float64, device=links.device)
    kernels = system.kernels
    state, (log_det,) = flow.integrator.integrate(kernels, system.flow, times, kernels.pack(links), (start,))
    return kernels.unpack(state), log_det


def pull_back(
    flow: ContinuousFlow, links: Tensor, cotangent: Tensor, weight: Tensor, times: Sequence[float]
) -> tuple[Tensor, Tensor]:
    """``dL/dw_a`` at the last of ``times`` and the gradient with respect to the coefficients for each configuration.

    Args:
        flow: the flow.
        links: the fields at the first time, where a map ended.
        cotangent: ``dL/dw_a`` there, ``(batch, D, *shape, dim)``.
        weight: ``dL / d log|det J|`` of the map, ``(batch,)``.
        times: those of the map in reverse.

    Returns:
        The cotangent where the map began, and ``(batch, splines, functions)`` float64.
    """
    system = flow.system(links)
    kernels = system.kernels
    rows = torch.zeros(len(links), *flow.coefficients.shape, dtype=torch.float64, device=links.device)
    y = (kernels.pack_momenta(cotangent), weight.double(), rows)
    _, (back, _, rows) = flow.integrator.integrate(kernels, system.adjoint, times, kernels.pack(links), y)
    return kernels.unpack_momenta(back), rows


@lru_cache(maxsize=32)
def _tables(
    group: Group,
    shape: tuple[int, ...],
    monomials: tuple[Monomial, ...] | None,
    dtype: torch.dtype,
    device: str,
    backend: str,
) -> tuple[LoopBasis | StapleBasis, LoopPolynomials]:
    basis = StapleBasis(group, shape) if monomials is None else LoopBasis(group, shape, monomials)
    return basis, get_loop_polynomials(group, shape, basis.recording, dtype, device, backend)
