"""Means over independent seeds with their errors, and slopes of power laws."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

__all__ = ["bootstrap_slope", "mean_error", "slope"]


def mean_error(values: Sequence[float] | Tensor) -> tuple[float, float]:
    """The mean over seeds and its standard error."""
    values = torch.as_tensor(values, dtype=torch.float64)
    return float(values.mean()), float(values.std() / math.sqrt(len(values)))


def slope(x: Tensor, y: Tensor) -> Tensor:
    """The exponent b of y = a x^b by least squares of the logarithms: x `(points,)`, y `(..., points)` to `(...)`."""
    log_x, log_y = x.double().log(), y.double().log()
    centred = log_x - log_x.mean()
    return (log_y * centred).sum(-1) / centred.square().sum()


def bootstrap_slope(x: Tensor, squares: Tensor, generator: torch.Generator, repeats: int = 1000) -> tuple[float, float]:
    """Exponent of the mean of `squares` `(seeds, points)` over the seeds in x, and its error.

    The error is the standard deviation over resamplings of the seeds, independent at each point.
    """
    seeds, points = squares.shape
    chosen = torch.randint(seeds, (repeats, seeds, points), generator=generator)
    means = squares[chosen, torch.arange(points)].mean(1)
    return float(slope(x, squares.mean(0))), float(slope(x, means).std())
