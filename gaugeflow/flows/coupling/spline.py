"""Rational-quadratic splines of an interval, from unconstrained parameters."""

import math

import torch
from normflows.utils.splines import rational_quadratic_spline
from torch import Tensor

__all__ = ["flip_spline", "spline", "spline_parameters"]


def spline_parameters(bins: int) -> int:
    """How many numbers make a spline: widths, heights, slopes at all knots."""
    return 3 * bins + 1


def flip_spline(parameters: Tensor, bins: int) -> Tensor:
    """The parameters of the mirror image of a spline."""
    return torch.cat([part.flip(-1) for part in parameters.split((bins, bins, bins + 1), -1)], -1)


def spline(
    x: Tensor, parameters: Tensor, bins: int, left: float, right: float, inverse: bool, floor: float = 1e-3
) -> tuple[Tensor, Tensor]:
    """A monotone map of [left, right] that keeps the ends, arXiv:1906.04032, and the log of its slope.

    Args:
        x: ``(...)``; rounding errors beyond the ends are cut.
        parameters: ``(..., 3 bins + 1)``; zeros are the identity.
        bins: the number of bins.
        left: the first knot.
        right: the last knot.
        inverse: whether to go back.
        floor: the least slope at a knot, and the least width and height of a bin as parts of the interval.
    """
    unit_slope = math.log(math.expm1(1 - floor))  # the raw derivative that normflows turns into a slope of one
    widths, heights, slopes = parameters.split((bins, bins, bins + 1), -1)
    return rational_quadratic_spline(
        x.clamp(left, right),
        widths,
        heights,
        slopes + unit_slope,
        inverse=inverse,
        left=left,
        right=right,
        bottom=left,
        top=right,
        min_bin_width=floor,
        min_bin_height=floor,
        min_derivative=floor,
    )
