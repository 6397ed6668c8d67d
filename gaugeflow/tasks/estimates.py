"""Errors of functions of means, and a quantity as a row of a report."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gaugeflow.montecarlo.errors import Estimate, estimate

__all__ = ["derived", "row"]


def derived(samples: np.ndarray, function: Callable[[Tensor], Tensor]) -> list[Estimate]:
    """Estimates of `f(<x>)` by linear propagation, eq. (19) of hep-lat/0306017.

    The projected samples `f(<x>) + sum_k df/dx_k (x_k - <x_k>)` have the error and autocorrelation of `f(<x>)`.

    Arguments:
        samples: `(measurements, chains, ...)`.
        function: differentiable, from the mean `(...)` to a vector `(K,)`.
    """
    mean = torch.as_tensor(samples.mean((0, 1)), dtype=torch.float64)
    values = function(mean)
    jacobian = torch.autograd.functional.jacobian(function, mean)
    offsets = torch.as_tensor(samples, dtype=torch.float64) - mean
    slopes = jacobian.flatten(1) @ offsets.flatten(2).movedim(-1, 0).flatten(1)
    projected = values[:, None, None] + slopes.reshape(-1, *samples.shape[:2])
    return [estimate(series.numpy()) for series in projected]


def row(found: Estimate, exact: float | None = None) -> dict[str, Any]:
    """An estimate as plain values, with the closed form and the distance from it in units of the error."""
    known = exact is not None and found.error > 0
    return {
        "value": found.value,
        "error": found.error,
        "tau_int": found.tau_int,
        "count": found.count,
        "exact": exact,
        "deviation": (found.value - exact) / found.error if known else None,
    }
