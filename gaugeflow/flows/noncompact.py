"""Non-compact projections: the circle seen as the projective line, stretched there (arXiv:2002.02428)."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from gaugeflow.flows.transform import Conditioned, LoopTransform
from gaugeflow.groups.u1 import wrap_angle

__all__ = ["NoncompactMixture"]

LARGEST_STRETCH = 6.0
BISECTIONS, NEWTON_STEPS = 30, 2


class NoncompactMixture(LoopTransform):
    """``f(x) = sum_i rho_i 2 arctan(exp(s_i) tan(x / 2))``, convex weights rho, stretches ``|s_i| < 6``.

    Odd in x, so that it commutes with charge conjugation if its parameters do. The inverse brackets the root by
    bisection and polishes it by Newton's method to the rounding error; its last step carries the derivatives.

    Args:
        features: width of the context.
        components: terms of the mixture.
        generator: source of the weights.
        dtype: of the parameters.
    """

    def __init__(
        self, features: int, components: int, generator: torch.Generator, dtype: torch.dtype = torch.float64
    ) -> None:
        super().__init__()
        self.parameters_of = Conditioned(features, 2 * components, lambda p: p, generator, dtype)
        start = torch.linspace(-1, 1, components, dtype=dtype, device=generator.device) if components > 1 else None
        if start is not None:  # equal stretches would stay equal in training
            self.parameters_of.linear.bias.data[components:] = 1e-2 * start

    def forward(self, loop: Tensor, contexts: Sequence[Tensor], inverse: bool) -> tuple[Tensor, Tensor]:
        """Angles of any branch; the new ones lie in [-pi, pi]."""
        logits, stretches = self.parameters_of(contexts).chunk(2, -1)
        weights = logits.softmax(-1)
        s = LARGEST_STRETCH * torch.tanh(stretches / LARGEST_STRETCH)
        angle = wrap_angle(loop)
        if not inverse:
            y, slope = _mixture(angle, weights, s)
            return y, slope.log()
        x = _root(angle, weights, s)
        return x, -_mixture(x, weights, s)[1].log()


def _mixture(x: Tensor, weights: Tensor, s: Tensor) -> tuple[Tensor, Tensor]:
    """f and its slope ``sum_i rho_i / (exp(-s_i) cos^2(x/2) + exp(s_i) sin^2(x/2))``."""
    cosine, sine = torch.cos(x / 2)[..., None], torch.sin(x / 2)[..., None]
    grown, shrunk = (s / 2).exp(), (-s / 2).exp()
    y = 2 * torch.atan2(grown * sine, shrunk * cosine)
    slope = 1 / ((shrunk * cosine) ** 2 + (grown * sine) ** 2)
    return (weights * y).sum(-1), (weights * slope).sum(-1)


def _root(y: Tensor, weights: Tensor, s: Tensor) -> Tensor:
    with torch.no_grad():
        low, high = torch.full_like(y, -math.pi), torch.full_like(y, math.pi)
        for _ in range(BISECTIONS):
            middle = (low + high) / 2
            below = _mixture(middle, weights, s)[0] < y
            low, high = torch.where(below, middle, low), torch.where(below, high, middle)
        x = (low + high) / 2
    for _ in range(NEWTON_STEPS):
        value, slope = _mixture(x.detach(), weights, s)
        x = x.detach() - (value - y) / slope.detach()
    return x.clamp(-math.pi, math.pi)
