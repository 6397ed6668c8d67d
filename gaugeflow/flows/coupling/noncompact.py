"""Non-compact projections: the circle seen as the projective line, stretched there (arXiv:2002.02428)."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from gaugeflow.flows.coupling.transform import Conditioned, LoopTransform
from gaugeflow.groups.u1 import wrap_angle

__all__ = ["NoncompactMixture"]

LARGEST_STRETCH = 6.0
START = 0.3
BISECTIONS, NEWTON_STEPS = 30, 2


class NoncompactMixture(LoopTransform):
    """``f(x) = sum_i rho_i [f(x; c a_i + b_i) + f(x; c a_i - b_i)] / 2``, ``f(x; s) = 2 arctan(exp(s) tan(x / 2))``.

    rho are convex weights, a and b stretches, and c is the coherence of the staples: f turned by pi is f with the
    opposite stretch, so at c = 0, where their midpoint jumps by pi, the bijection of the link is continuous. Odd in x,
    so that it commutes with charge conjugation if its parameters do. The inverse brackets the root and polishes it by
    Newton's method to the rounding error; its last step carries the derivatives.

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
        self.parameters_of = Conditioned(features, 3 * components, lambda p: p, generator, dtype)
        # b = 0 is a saddle point, and equal terms would stay equal
        start = START * torch.arange(1, components + 1, dtype=dtype, device=generator.device) / components
        self.parameters_of.linear.bias.data[2 * components :] = start

    def forward(
        self, loop: Tensor, contexts: Sequence[Tensor], coherence: Tensor, inverse: bool
    ) -> tuple[Tensor, Tensor]:
        """Angles of any branch; the new ones lie in [-pi, pi]."""
        logits, common, relative = self.parameters_of(contexts).to(loop.dtype).chunk(3, -1)
        weights = logits.softmax(-1).repeat_interleave(2, -1) / 2
        centre = coherence[..., None] * common
        stretches = torch.stack((centre + relative, centre - relative), -1).flatten(-2)
        scale = (LARGEST_STRETCH / 2 * torch.tanh(stretches / LARGEST_STRETCH)).exp()
        angle = wrap_angle(loop)
        if not inverse:
            y, slope = _mixture(angle, weights, scale)
            return y, slope.log()
        x = _root(angle, weights, scale)
        return x, -_mixture(x, weights, scale)[1].log()


def _mixture(x: Tensor, weights: Tensor, scale: Tensor) -> tuple[Tensor, Tensor]:
    """f and its slope ``sum_i rho_i / (exp(-s_i) cos^2(x/2) + exp(s_i) sin^2(x/2))``, with scales ``exp(s_i / 2)``."""
    cosine, sine = torch.cos(x / 2)[..., None] / scale, torch.sin(x / 2)[..., None] * scale
    y = 2 * torch.atan2(sine, cosine)
    return (weights * y).sum(-1), (weights / (cosine * cosine + sine * sine)).sum(-1)


def _root(y: Tensor, weights: Tensor, scale: Tensor) -> Tensor:
    with torch.no_grad():
        x = _bracketed(y, weights, scale)
    for _ in range(NEWTON_STEPS):
        value, slope = _mixture(x.detach(), weights, scale)
        x = x.detach() - (value - y) / slope.detach()
    return x.clamp(-math.pi, math.pi)


def _bracketed(y: Tensor, weights: Tensor, scale: Tensor) -> Tensor:
    """The root to half the digits: Newton's method, and bisection where it leaves the bracket or its steps do not halve
    (a bracket that is wide on one side would undo what Newton's method has reached, were it halved in between)."""
    low, high = torch.full_like(y, -math.pi), torch.full_like(y, math.pi)
    x, before = y, high - low
    for _ in range(3 * BISECTIONS):
        value, slope = _mixture(x, weights, scale)
        step = (value - y) / slope
        done = step.abs() < torch.finfo(y.dtype).eps ** 0.5
        if bool(done.all()):
            break
        low, high = torch.where(value < y, x, low), torch.where(value < y, high, x)
        newton = (x - step > low) & (x - step < high) & (2 * step.abs() < before)
        step = torch.where(newton, step, x - (low + high) / 2)
        x, before = torch.where(done, x, x - step), step.abs()
    return x
