"""Rational-quadratic splines of an interval, from unconstrained parameters."""

import math
from collections.abc import Callable
from functools import partial

import torch
from normflows.utils.splines import rational_quadratic_spline
from torch import Tensor

__all__ = ["flip_spline", "spline", "spline_parameters"]

NEWTON_STEPS = 3


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

    The closed form of the inverse loses half the digits and more where the spline is steep. Newton steps give them
    back, and the slope is taken where they end.

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
    through = partial(
        rational_quadratic_spline,
        unnormalized_widths=widths,
        unnormalized_heights=heights,
        unnormalized_derivatives=slopes + unit_slope,
        left=left,
        right=right,
        bottom=left,
        top=right,
        min_bin_width=floor,
        min_bin_height=floor,
        min_derivative=floor,
    )
    target = x.clamp(left, right)
    if not inverse:
        return through(target)
    start, _ = through(target, inverse=True)
    found = _polished(through, start, target, left, right)
    y = start + (found - start).detach()
    return y, -through(y)[1]


@torch.no_grad()
def _polished(
    through: Callable[[Tensor], tuple[Tensor, Tensor]], start: Tensor, target: Tensor, left: float, right: float
) -> Tensor:
    """Of some Newton steps for ``through(x) = target`` the x that comes nearest."""
    best, least, x = start, torch.full_like(start, math.inf), start
    for _ in range(NEWTON_STEPS + 1):
        value, log_slope = through(x)
        miss = (value - target).abs()
        best, least = torch.where(miss < least, x, best), torch.minimum(miss, least)
        x = (x - (value - target) * torch.exp(-log_slope)).clamp(left, right)
    return best
