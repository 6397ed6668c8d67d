"""Splines of the circle: the spline bijection of U(1) loops (arXiv:2002.02428)."""

import math
from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor

from gaugeflow.flows.coupling.spline import spline
from gaugeflow.flows.coupling.transform import Conditioned, LoopTransform
from gaugeflow.groups.u1 import wrap_angle

__all__ = ["CircularSpline"]


class CircularSpline(LoopTransform):
    """A diffeomorphism of the circle that keeps 0 and pi: rational-quadratic splines on both half circles.

    The midpoint of two staples jumps by pi where they point in opposite directions. There, at coherence 0, both halves
    have the same spline, so that the bijection of the link is continuous: with numbers e, o from the context the
    halves have the parameters ``e + coherence o`` and ``e - coherence o``.

    Args:
        features: width of the context.
        bins: bins of each half.
        generator: source of the weights.
        dtype: of the parameters.
    """

    def __init__(
        self, features: int, bins: int, generator: torch.Generator, dtype: torch.dtype = torch.float64
    ) -> None:
        super().__init__()
        self.bins = bins
        self.parameters_of = Conditioned(features, 6 * bins, partial(_mirrored, bins=bins), generator, dtype)

    def forward(
        self, loop: Tensor, contexts: Sequence[Tensor], coherence: Tensor, inverse: bool
    ) -> tuple[Tensor, Tensor]:
        """Angles of any branch; the new ones lie in [-pi, pi]."""
        angle = wrap_angle(loop)
        even, odd = self.parameters_of(contexts).to(angle.dtype).chunk(2, -1)
        odd = coherence[..., None] * odd
        negative, k = (angle < 0), 2 * self.bins
        here = even + torch.where(negative[..., None], odd, -odd)
        last_slope = even[..., k] - torch.where(negative, odd[..., k], -odd[..., k])  # that of the other half's start
        start = -math.pi * negative.to(angle.dtype)
        parameters = torch.cat((here, last_slope[..., None]), -1)
        y, log_slope = spline(angle - start, parameters, self.bins, 0.0, math.pi, inverse)
        return y + start, log_slope


def _mirrored(parameters: Tensor, bins: int) -> Tensor:
    """The parameters of ``-f(-x)``: widths and heights in reverse, and the slopes at knots -pi, ..., 0, ... too."""
    even, odd = parameters.chunk(2, -1)
    halves = torch.stack((even + odd, even - odd), -2)
    boxes, slopes = halves[..., : 2 * bins], halves[..., 2 * bins :].flatten(-2)
    boxes = boxes.unflatten(-1, (2, bins)).flip(-1).flatten(-2).flip(-2)
    slopes = slopes.flip(-1).roll(1, -1).unflatten(-1, (2, bins))
    first, second = torch.cat((boxes, slopes), -1).unbind(-2)
    return torch.cat(((first + second) / 2, (first - second) / 2), -1)
