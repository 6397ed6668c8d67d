"""What a scalar coupling does to its active sites: an affine map, or a spline with linear tails."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from gaugeflow.errors import UserError
from gaugeflow.flows.coupling.spline import flip_spline, spline
from gaugeflow.flows.coupling.transform import Conditioned

__all__ = ["ScalarAffine", "ScalarSpline", "ScalarTransform"]

LARGEST_LOG_SCALE = 2.0


class ScalarTransform(nn.Module):
    """A bijection of real numbers with the log of its slope.

    ``forward(x, contexts, inverse)`` takes numbers ``(...)`` and contexts ``(..., features)`` and is the identity while
    its weights are untrained. ``contexts`` are one tensor, or two: that of the field and that of the field with its
    sign changed, for a map that commutes with this change.
    """

    def forward(self, x: Tensor, contexts: Sequence[Tensor], inverse: bool) -> tuple[Tensor, Tensor]:
        raise NotImplementedError


class ScalarAffine(ScalarTransform):
    """``x -> exp(s) x + t`` with s even and t odd under the change of sign; ``|s| < 2`` by a hyperbolic tangent.

    Args:
        features: width of the context.
        generator: source of the weights.
        dtype: of the parameters.
    """

    def __init__(self, features: int, generator: torch.Generator, dtype: torch.dtype = torch.float64) -> None:
        super().__init__()
        self.parameters_of = Conditioned(features, 2, _flip_affine, generator, dtype)

    def forward(self, x: Tensor, contexts: Sequence[Tensor], inverse: bool) -> tuple[Tensor, Tensor]:
        s, t = self.parameters_of(contexts).unbind(-1)
        s = LARGEST_LOG_SCALE * torch.tanh(s / LARGEST_LOG_SCALE)
        return ((x - t) * torch.exp(-s), -s) if inverse else (torch.exp(s) * x + t, s)


class ScalarSpline(ScalarTransform):
    """A rational-quadratic spline on ``[-bound, bound]``, arXiv:1906.04032, and the identity outside.

    Args:
        features: width of the context.
        bins: bins of the spline, at least 2.
        bound: where the tails begin, in units of the field.
        generator: source of the weights.
        dtype: of the parameters.

    Raises:
        UserError: fewer than two bins, or a bound that is not positive.
    """

    def __init__(
        self, features: int, bins: int, bound: float, generator: torch.Generator, dtype: torch.dtype = torch.float64
    ) -> None:
        super().__init__()
        if bins < 2 or not bound > 0:
            raise UserError(f"spline: expected two bins or more and a bound > 0, got {bins} and {bound}")
        self.bins, self.bound = bins, bound
        self.parameters_of = Conditioned(features, 3 * bins - 1, self._flip, generator, dtype)

    def forward(self, x: Tensor, contexts: Sequence[Tensor], inverse: bool) -> tuple[Tensor, Tensor]:
        parameters = _unit_ends(self.parameters_of(contexts), self.bins)
        y, log_slope = spline(x, parameters, self.bins, -self.bound, self.bound, inverse)
        inside = x.abs() <= self.bound
        return torch.where(inside, y, x), torch.where(inside, log_slope, 0.0)

    def _flip(self, parameters: Tensor) -> Tensor:
        """The mirror image; the slopes are those of the inner knots, which lie symmetrically."""
        full = flip_spline(_unit_ends(parameters, self.bins), self.bins)
        return torch.cat((full[..., : 2 * self.bins], full[..., 2 * self.bins + 1 : -1]), -1)


def _flip_affine(parameters: Tensor) -> Tensor:
    s, t = parameters.unbind(-1)
    return torch.stack((s, -t), -1)


def _unit_ends(parameters: Tensor, bins: int) -> Tensor:
    """Slopes of one at both ends, where the raw number is zero, around those of the inner knots."""
    shapes, slopes = parameters.split((2 * bins, bins - 1), -1)
    return torch.cat((shapes, pad(slopes, (1, 1))), -1)
