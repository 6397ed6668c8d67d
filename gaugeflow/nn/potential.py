"""Learned potentials: gauge-invariant numbers with their forces, for flows and for Hamiltonian dynamics."""

from typing import Any

import torch
from torch import Tensor, nn

from gaugeflow.errors import UserError
from gaugeflow.groups import group_of
from gaugeflow.lattice import LINKS, Action
from gaugeflow.nn.network import LCNN
from gaugeflow.nn.theory import GaugeTheory

__all__ = ["Potential"]


class Potential(nn.Module, Action):
    """``V(U) = sum_k c_k V_k(U)``, a real gauge-invariant number made of the features V_k of a network.

    It is an action: samplers run on it, and :meth:`assert_force` tests it. Its force is differentiable once more, so
    that maps made of it can be trained: ``p -> p - eps F(U)`` has log-det 0 whatever V is.

    Args:
        network: links to features that are summed over the sites.

    Raises:
        UserError: a network without a readout, or one that does not sum.
    """

    space = LINKS

    def __init__(self, network: LCNN) -> None:
        super().__init__()
        if network.readout is None or network.readout.over_sites != "sum":
            raise UserError("Potential: expected a network with a readout that sums over the sites, over_sites='sum'")
        self.theory, self.network = network.theory, network

    @classmethod
    def of(cls, theory: GaugeTheory, terms: int = 1, *, generator: torch.Generator, **options: Any) -> "Potential":
        """A potential of ``terms`` features; the options are those of :meth:`LCNN.of`."""
        return cls(LCNN.of(theory, terms, generator=generator, over_sites="sum", **options))

    def forward(self, field: Tensor, coefficients: Tensor | None = None) -> Tensor:
        """The potential of each configuration, ``(batch,)``.

        Args:
            field: links.
            coefficients: c, real ``(terms,)`` or ``(batch, terms)``, which may depend on a time; ones by default.

        Raises:
            UserError: another number of coefficients.
        """
        terms = self.network(field)
        if coefficients is None:
            return terms.sum(1)
        if coefficients.shape not in (terms.shape, terms.shape[1:]):
            raise UserError(
                f"Potential: expected coefficients ({terms.shape[1]},) or {tuple(terms.shape)}, "
                f"got {tuple(coefficients.shape)}"
            )
        return (coefficients * terms).sum(1)

    def force(self, field: Tensor, coefficients: Tensor | None = None) -> Tensor:
        """``dV/dw_a`` under ``U -> exp(i w_a T_a) U``: ``(batch, D, *shape, dim)``, U(1) ``(batch, D, *shape)``.

        Differentiable in the links, the coefficients and the parameters.
        """
        group = group_of(field)
        w = torch.zeros(self.space.tangent_shape(field), dtype=field.real.dtype, device=field.device)

        def moved(w: Tensor) -> Tensor:  # to first order, which is all that a first derivative sees
            links = field + (1j * group.algebra(w) @ field if group.element_shape else w)
            return self(links, coefficients).sum()

        return torch.func.grad(moved)(w)
