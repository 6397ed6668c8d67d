"""Splines of the circle: the spline bijection of U(1) loops (arXiv:2002.02428)."""

import math
from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor

from gaugeflow.flows.spline import circular_parameters, flip_spline, spline
from gaugeflow.flows.transform import Conditioned, LoopTransform
from gaugeflow.groups.u1 import wrap_angle

__all__ = ["CircularSpline"]


class CircularSpline(LoopTransform):
    """A diffeomorphism of the circle that keeps the angle pi: a rational-quadratic spline on [-pi, pi].

    Args:
        features: width of the context.
        bins: bins of the spline.
        generator: source of the weights.
        dtype: of the parameters.
    """

    def __init__(
        self, features: int, bins: int, generator: torch.Generator, dtype: torch.dtype = torch.float64
    ) -> None:
        super().__init__()
        self.bins = bins
        flip = partial(flip_spline, bins=bins)
        self.parameters_of = Conditioned(features, circular_parameters(bins), flip, generator, dtype)

    def forward(self, loop: Tensor, contexts: Sequence[Tensor], inverse: bool) -> tuple[Tensor, Tensor]:
        """Angles of any branch; the new ones lie in [-pi, pi]."""
        return spline(wrap_angle(loop), self.parameters_of(contexts), self.bins, -math.pi, math.pi, inverse)
