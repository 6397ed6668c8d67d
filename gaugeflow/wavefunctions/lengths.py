"""Displacements, in open space and on a ring, and their squared lengths."""

import math
from typing import Any

import torch
from torch import Tensor

__all__ = ["chord", "squared_length"]


def squared_length(t: Any) -> Tensor:
    """``|t|^2`` along the last axis, ``(..., d)`` to ``(..., 1)``.

    A product with ones: a reduction over so few numbers, one by one, takes ten times as long.
    """
    ones = torch.ones(t.shape[-1], 1, dtype=t.dtype, device=t.device)
    return t.square() @ ones


def chord(t: Any, period: float | None) -> Any:
    """A displacement ``(..., 1)`` on a ring as ``(period/pi) sin(pi t/period)``; in open space, ``(..., d)``, itself.

    Its modulus is that of the chord of a circle: periodic, and for small t that of t. Once around its sign changes.
    """
    return t if period is None else (t * (math.pi / period)).sin() * (period / math.pi)
