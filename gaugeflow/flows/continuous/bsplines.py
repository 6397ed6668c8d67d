"""B-splines on [0, 1] for coefficients that depend on the time of a flow."""

import numpy as np
import torch
from torch import Tensor

from gaugeflow.errors import UserError

__all__ = ["BSpline"]


class BSpline:
    """``c(t) = sum_j B_j(t) c_j`` with ``size`` clamped B-splines of one degree on equal intervals.

    With ``size = degree + 1`` these are the polynomials of that degree.

    Args:
        size: number of splines.
        degree: 0, 1 (piecewise linear), 2, 3; where ``size`` is smaller, ``size - 1``.

    Raises:
        UserError: a size below 1 or a negative degree.
    """

    def __init__(self, size: int, degree: int = 3) -> None:
        if size < 1 or degree < 0:
            raise UserError(f"B-splines: expected a size >= 1 and a degree >= 0, got {size} and {degree}")
        self.size, self.degree = size, min(degree, size - 1)
        inner = np.linspace(0.0, 1.0, size - self.degree + 1)
        self.knots = np.concatenate([[0.0] * self.degree, inner, [1.0] * self.degree])

    def __call__(self, t: float) -> Tensor:
        """``B_j(t)``, float64 ``(size,)``, by the recursion of Cox and de Boor."""
        knots, t = self.knots, min(max(t, 0.0), 1.0)
        last = min(int(np.searchsorted(knots, t, "right")), self.size) - 1
        values = np.zeros(len(knots) - 1)
        values[last] = 1.0
        for degree in range(1, self.degree + 1):
            for j in range(len(knots) - degree - 1):
                rising, falling = knots[j + degree] - knots[j], knots[j + degree + 1] - knots[j + 1]
                left = (t - knots[j]) / rising * values[j] if rising else 0.0
                values[j] = left + ((knots[j + degree + 1] - t) / falling * values[j + 1] if falling else 0.0)
        return torch.from_numpy(values[: self.size].copy())
