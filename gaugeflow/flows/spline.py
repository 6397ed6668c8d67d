"""Rational-quadratic splines on an interval and on the circle, from unconstrained parameters."""

import math

import torch
from normflows.utils.splines import rational_quadratic_spline
from torch import Tensor

__all__ = ["circular_parameters", "flip_spline", "interval_parameters", "spline"]

MIN_SLOPE = 1e-3
UNIT_SLOPE = math.log(math.expm1(1 - MIN_SLOPE))
"""The raw derivative that normflows turns into a slope of one."""


def interval_parameters(bins: int) -> int:
    """How many numbers make a spline of an interval: widths, heights, slopes at all knots."""
    return 3 * bins + 1


def circular_parameters(bins: int) -> int:
    """The same for a circle, where the first knot is the last one."""
    return 3 * bins


def flip_spline(parameters: Tensor, bins: int) -> Tensor:
    """The parameters of the mirror image ``-f(-x)``."""
    widths, heights, slopes = parameters.split((bins, bins, parameters.shape[-1] - 2 * bins), -1)
    mirrored = slopes.flip(-1) if slopes.shape[-1] > bins else slopes.flip(-1).roll(1, -1)
    return torch.cat((widths.flip(-1), heights.flip(-1), mirrored), -1)


def spline(x: Tensor, parameters: Tensor, bins: int, left: float, right: float, inverse: bool) -> tuple[Tensor, Tensor]:
    """A monotone map of [left, right] that keeps the ends, arXiv:1906.04032, and the log of its slope.

    Args:
        x: ``(...)``; rounding errors beyond the ends are cut.
        parameters: ``(..., 3 bins + 1)``, or ``(..., 3 bins)`` for equal slopes at the ends; zeros are the identity.
        bins: the number of bins.
        left: the first knot.
        right: the last knot.
        inverse: whether to go back.
    """
    widths, heights, slopes = parameters.split((bins, bins, parameters.shape[-1] - 2 * bins), -1)
    if slopes.shape[-1] == bins:
        slopes = torch.cat((slopes, slopes[..., :1]), -1)
    return rational_quadratic_spline(
        x.clamp(left, right),
        widths,
        heights,
        slopes + UNIT_SLOPE,
        inverse=inverse,
        left=left,
        right=right,
        bottom=left,
        top=right,
        min_derivative=MIN_SLOPE,
    )
