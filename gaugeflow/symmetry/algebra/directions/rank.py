"""How many rows are independent: numerical ranks and null spaces, and how clear they are."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["CLEAR", "null_space", "rank"]

CLEAR = 1e-8
"""Singular values below this part of the largest one, or of `unit`, count as zero."""


def rank(rows: Tensor, unit: float = 0.0) -> int:
    """The number of independent rows of a matrix `(m, n)`; `unit` is the size of a row that counts, where all of them
    may be rounding."""
    if not rows.numel():
        return 0
    values = torch.linalg.svdvals(rows)
    return int((values > CLEAR * max(float(values[0]), unit)).sum())


def null_space(rows: Tensor, unit: float) -> tuple[Tensor, float]:
    """An orthonormal basis `(k, n)` of the vectors v with `rows @ v = 0`, and the largest singular value that was taken
    for zero over the smallest that was not. `unit` is the size of a singular value that is not zero."""
    _, values, right = torch.linalg.svd(rows, full_matrices=True)
    kept = values > CLEAR * unit
    count = int(kept.sum())
    below = float(values[count]) if count < len(values) else 0.0
    return right[count:], below / float(values[count - 1]) if count else 0.0
