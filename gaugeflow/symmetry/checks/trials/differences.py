"""Derivatives by central differences: exact to the sixth order, with an estimate of how exact they are."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

__all__ = ["STEPS", "difference", "difference_and_error"]

STEPS = tuple(2.0**-k for k in range(3, 21, 2))
"""From an eighth of the natural length downwards: a kink in the way is passed at some step."""

_FORMULA = ((1, 45.0), (2, -9.0), (3, 1.0))
_CAUTION = 4.0


def difference(value: Callable[[float], Tensor], h: float) -> Tensor:
    """(45 d1 - 9 d2 + d3) / 60 h with d_k = f(k h) - f(-k h), exact to h^6."""
    return torch.stack([c * (value(k * h) - value(-k * h)) for k, c in _FORMULA]).sum(0) / (60 * h)


def difference_and_error(value: Callable[[float], Tensor], h: float, eps: float) -> tuple[Tensor, Tensor]:
    """The derivative at half the step, and how exact it is: the largest change over two halvings, and the rounding of
    a function that is computed to the relative precision `eps`. Infinite where the function is not finite."""
    coarse, fine, finer = (difference(value, h / part) for part in (1, 2, 4))
    rounding = 1e2 * eps * value(0.0).abs() / h
    change = torch.maximum((coarse - fine).abs(), (fine - finer).abs())
    return fine, torch.nan_to_num(_CAUTION * change + rounding, nan=torch.inf, posinf=torch.inf)
