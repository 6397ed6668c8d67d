"""Scalar phi^4 theory in any dimension."""

import math

from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.lattice.action import Action
from gaugeflow.lattice.fields import shift
from gaugeflow.lattice.spaces import SCALARS

__all__ = ["Phi4Action"]


class Phi4Action(Action):
    """``S = sum_x [ sum_mu (phi(x + mu) - phi(x))^2 + m2 phi(x)^2 + lam phi(x)^4 ]``, eq. (12) of arXiv:2101.08176.

    Fields are real, ``(batch, *shape)`` with one axis or more. There is no factor 1/2 in front of the kinetic term.

    Args:
        m2: bare mass squared in lattice units; negative values are allowed where ``lam`` is positive.
        lam: coupling, not negative.
    """

    space = SCALARS

    def __init__(self, m2: float, lam: float) -> None:
        if not (math.isfinite(m2) and math.isfinite(lam)) or lam < 0 or (lam == 0 and m2 <= 0):
            raise UserError(
                f"phi4: expected lam > 0, or lam = 0 with m2 > 0 (else exp(-S) has no norm), got {lam=}, {m2=}"
            )
        self.m2, self.lam = float(m2), float(lam)

    def __call__(self, field: Tensor) -> Tensor:
        self.space.check_layout(field)
        square = field * field
        density = (self.m2 + self.lam * square) * square
        for axis in range(field.ndim - 1):
            density = density + (shift(field, axis) - field) ** 2
        return density.flatten(1).sum(1)

    def force(self, field: Tensor) -> Tensor:
        """``dS/dphi = 2 sum_mu (2 phi(x) - phi(x + mu) - phi(x - mu)) + 2 m2 phi + 4 lam phi^3``."""
        total = 2 * self.m2 * field + 4 * self.lam * field**3
        for axis in range(field.ndim - 1):
            total = total + 2 * (2 * field - shift(field, axis) - shift(field, axis, -1))
        return total
