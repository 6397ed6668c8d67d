"""The energy of a state without correlation, from its density matrix alone, by the theorem of G. C. Wick."""

from collections import defaultdict

import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.wavefunctions.occupation.operators import Factor, Operators, spelled

__all__ = ["Uncorrelated"]

Contraction = tuple[Tensor, Tensor]


class Uncorrelated:
    """``E(R)`` of ``R_ab = <A+_a A_b>`` with the operators ``A = (c_up, c+_down)``, ``(2 sites, 2 sites)``, symmetric.

    With ``P_ij = <c+_i c_j>`` of each spin and ``K_ij = <c+_i,up c+_j,down>``, which is zero where nothing pairs,

        R = [[P_up, K], [K^T, 1 - P_down]],    <c+_a c+_b c_c c_d> = P_ad P_bc - P_ac P_bd  of one spin,
                                               <c+_a c+_b c_c c_d> = -P_ac P_bd - K_ab K_cd  of both.

    Raises:
        UserError: complex coefficients, or products of more than four operators.
    """

    def __init__(self, operators: Operators) -> None:
        self.sites = operators.sites
        groups: dict[tuple[int, ...], list[tuple[float, tuple[Factor, ...]]]] = defaultdict(list)
        for factors, value in operators.products.items():
            if isinstance(value, complex) or len(factors) > 4:
                raise UserError(
                    "mean field: expected real products of at most four operators, came "
                    f"{value:g} for {spelled(factors)!r}"
                )
            groups[tuple(f.spin for f in factors[: len(factors) // 2])].append((value, factors))
        self._groups = {
            spins: (
                torch.tensor([value for value, _ in terms], dtype=torch.float64),
                torch.tensor([[f.site for f in factors] for _, factors in terms], dtype=torch.long).T,
            )
            for spins, terms in groups.items()
        }

    def __call__(self, r: Tensor) -> Tensor:
        n = self.sites
        p = (r[:n, :n], torch.eye(n, dtype=r.dtype) - r[n:, n:])
        pairs = (r[:n, n:] + r[n:, :n].T) / 2
        total = r.new_zeros(())
        for spins, (values, sites) in self._groups.items():
            total = total + values @ _contracted(spins, sites, p, pairs)
        return total

    def slope(self, r: Tensor) -> tuple[float, Tensor]:
        """The energy, and its derivative by R, the Hamiltonian of the mean field, symmetric."""
        r = r.detach().requires_grad_()
        value = self(r)
        (found,) = torch.autograd.grad(value, r)
        return float(value.detach()), (found + found.T) / 2


def _contracted(spins: tuple[int, ...], sites: Tensor, p: tuple[Tensor, Tensor], pairs: Tensor) -> Tensor:
    """The mean of each product whose creation operators have these spins, ``(terms,)``."""
    if not spins:
        return torch.ones(1, dtype=pairs.dtype)
    if len(spins) == 1:
        a, b = sites
        return p[spins[0]][a, b]
    a, b, c, d = sites
    one, other = (p[spin] for spin in spins)
    if spins == (0, 1):
        return -one[a, c] * other[b, d] - pairs[a, b] * pairs[c, d]
    return one[a, d] * other[b, c] - one[a, c] * other[b, d]
