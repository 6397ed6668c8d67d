"""Trivializing flows whose potential is a network: ``dU/dt = -i (d_a V_t) T_a U`` with the exact Laplacian of V_t.

``V_t = sum_k c_k(t) V_k`` with the features V_k of a gauge-equivariant network (arXiv:2212.08469 has such potentials).
The Laplacian is the sum of second derivatives along all directions of all links, one derivative of the force for
each: no estimate by random vectors, at a cost that grows with the square of the volume. So this is for small
lattices; parameters serve larger ones.
"""

from collections.abc import Sequence
from math import prod

import torch
from torch import Tensor, nn

from gaugeflow.errors import UserError
from gaugeflow.flows.continuous.bsplines import BSpline
from gaugeflow.flows.continuous.lie_integrators import LieIntegrator, Numbers, get_lie_integrator
from gaugeflow.flows.continuous.link_flow import LinkFlow
from gaugeflow.groups import Group, group_of
from gaugeflow.nn import Potential

__all__ = ["NeuralFlow"]


class NeuralFlow(LinkFlow):
    """The flow of a learned potential, differentiated step by step.

    Log-determinants are those of the equation, so both they and the inverse are exact up to the integrator, see
    :class:`~gaugeflow.flows.integrated.Integrated`. Gauge transformations and translations are exact symmetries, of the
    network and of every step.

    Args:
        potential: of any number of terms; its parameters are trained with the coefficients.
        terms: how many.
        steps: steps of the integrator.
        integrator: ``cg2``, ``cg3``, ``rkmk4`` or ``rkmk8``.
        splines: B-splines in time for the coefficient of each term.
        degree: their degree.
        chunk_size: directions in which the force is differentiated at a time.
        extrapolated: see :class:`~gaugeflow.flows.integrated.Integrated`.

    Attributes:
        coefficients: ``(splines, terms)``, zero at first: the identity.

    Raises:
        UserError: fewer than one step or direction at a time.
    """

    def __init__(
        self,
        potential: Potential,
        terms: int,
        steps: int = 4,
        integrator: str = "cg2",
        splines: int = 2,
        degree: int = 3,
        chunk_size: int = 64,
        extrapolated: bool = False,
    ) -> None:
        super().__init__()
        if steps < 1 or chunk_size < 1:
            raise UserError(f"neural flow: expected steps and chunk_size >= 1, got {steps} and {chunk_size}")
        self.potential, self.steps, self.chunk_size, self.extrapolated = potential, steps, chunk_size, extrapolated
        self.integrator: LieIntegrator = get_lie_integrator(integrator)
        self.spline = BSpline(splines, degree)
        self.coefficients = nn.Parameter(torch.zeros(splines, terms, dtype=potential.theory.dtype))

    @property
    def order(self) -> int:  # type: ignore[override]
        return self.integrator.order

    def integrate(self, field: Tensor, times: Sequence[float]) -> tuple[Tensor, Tensor]:
        start = torch.zeros(len(field), dtype=field.real.dtype, device=field.device)
        end, (log_det,) = self.integrator.integrate(_Links(group_of(field)), self._rates, times, field, (start,))
        return end, log_det

    def _rates(self, t: float, links: Tensor, y: Numbers) -> tuple[Tensor, Numbers]:
        c = self.spline(t).to(self.coefficients) @ self.coefficients
        force = self.potential.force(links, c)
        return -force, (-self.laplacian(links, c),)

    def laplacian(self, links: Tensor, coefficients: Tensor) -> Tensor:
        """``sum_a d_a d_a V`` under ``U -> exp(i w_a T_a) U``, ``(batch,)``: exact, and differentiable."""
        group = group_of(links)
        shape = self.potential.space.tangent_shape(links)[1:]
        directions = torch.eye(prod(shape), dtype=links.real.dtype, device=links.device)

        def curvature(direction: Tensor) -> Tensor:
            w = direction.view(shape)
            step = 1j * group.algebra(w) @ links if group.element_shape else w

            def slope(s: Tensor) -> Tensor:  # to first order, which is all that a first derivative sees
                moved = links + s.view(-1, *[1] * (links.ndim - 1)) * step
                return (self.potential.force(moved, coefficients) * w).sum()

            return torch.func.grad(slope)(torch.zeros(len(links), dtype=w.dtype, device=w.device))

        return torch.func.vmap(curvature, chunk_size=self.chunk_size)(directions).sum(0)


class _Links:
    """Links as states of an integrator, each step a new tensor that autograd follows."""

    def __init__(self, group: Group) -> None:
        self.group = group

    def drift_(self, links: Tensor, velocity: Tensor, h: float) -> Tensor:
        return self.group.mul(self.group.exp(h * velocity), links)

    def reunitarize_(self, links: Tensor) -> Tensor:
        """Angles come back to (-pi, pi]; matrices leave the group by no more than rounding."""
        return links if self.group.element_shape else self.group.project(links)

    def pack_momenta(self, momenta: Tensor) -> Tensor:
        return momenta

    def unpack_momenta(self, momenta: Tensor) -> Tensor:
        return momenta
