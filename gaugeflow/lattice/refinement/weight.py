"""The weight of a loop round A plaquettes of a two-dimensional lattice, as a function of the group element.

    w_A(V) = sum_r d_r (a_r / a_0)^A chi_r(V),    int dV w_A(V) = 1

with the a_r of Wilson's weight (`gaugeflow.lattice.exact.characters`). Only the trace of V enters: the characters are
polynomials in it.
"""

import math

import torch
from mpmath import mp, mpf
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.groups import Group
from gaugeflow.lattice.exact.character_series import CharacterSeries, Term
from gaugeflow.lattice.exact.characters import get_characters

__all__ = ["AreaWeight"]

TOLERANCE = 1e-17
DPS = 40


class AreaWeight:
    """``w_A`` of U(1), SU(2) or SU(3), normalised, differentiable, in double precision.

    Irreps are summed until a bound on all the rest lies below 1e-17; what remains is rounding, about 1e-15 of the
    largest value. For A = 1 the closed form is taken.

    Args:
        group: U(1), SU(2) or SU(3).
        beta: coupling of ``S = beta sum_p (1 - (1/N) Re tr P_p)``, at least 0.
        area: A, at least 1.

    Attributes:
        peak: the largest value, ``w_A(1)``.

    Raises:
        UserError: another group, or beta not finite or negative.
    """

    def __init__(self, group: Group, beta: float, area: int) -> None:
        if group.n > 3:
            raise UserError(f"area weight: expected u1, su2 or su3, got {group.name}")
        if not (math.isfinite(beta) and beta >= 0):
            raise UserError(f"area weight: expected beta >= 0, got {beta}")
        self.group, self.beta, self.area = group, beta, area
        terms, self.log_trivial = _expansion(group.n, beta, area)
        self.peak = math.exp(-self.log_trivial) if area == 1 else sum(d * d * ratio for _, d, ratio in terms)
        self._series = CharacterSeries(group.n, terms)

    def __call__(self, v: Tensor) -> Tensor:
        """``w_A`` of elements ``(..., *element_shape)``, ``(...)``."""
        return self.of_trace(self.group.trace(v))

    def log(self, v: Tensor) -> Tensor:
        """``log w_A``; where w_A is below the rounding of its sum, the log of that rounding."""
        trace = self.group.trace(v)
        if self.area == 1:
            return self.beta * (trace.real - 1) - self.log_trivial
        return self._series(trace).clamp_min(1e-16 * self.peak).log()

    def of_trace(self, trace: Tensor) -> Tensor:
        """``w_A`` of the complex ``(1/N) tr V``."""
        if self.area == 1:
            return torch.exp(self.beta * (trace.real - 1) - self.log_trivial)
        return self._series(trace).clamp_min(0)


def _expansion(n: int, beta: float, area: int) -> tuple[list[Term], float]:
    """(irrep, d, (a_r / a_0)^A) of every irrep needed, and log a_0."""
    terms: list[Term] = []
    with mp.workdps(DPS):
        if beta == 0:
            return [((0,) * n, 1, 1.0)], 0.0
        characters = get_characters(n, mpf(beta), DPS)
        for irrep, rest in characters.irreps():
            d, ratio = characters.system.dimension(irrep), float(characters.ratio(irrep) ** area)
            if d * d * ratio > TOLERANCE / 100:
                terms.append((irrep, d, ratio))
            # sum of d^2 (a_r/a_0)^A over the rest: sum_r d^2 a_r = 1 leaves A - 1 powers of the largest
            if rest < 1 and rest ** max(area - 1, 1) / characters.trivial < TOLERANCE:
                break
        return terms, float(mp.log(characters.trivial))
