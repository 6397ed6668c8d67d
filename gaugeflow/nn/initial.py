"""Initial weights that keep the variance of traces as it is from layer to layer.

Products of independent matrices of unit size, ``tr W W^dagger = N``, have unit size again, and so has a sum of them
whose squared weights add up to one. A mean square m becomes ``(1 - q) m + q m^2`` where the bilinear terms have the
share q of the squared weights: m = 1 stays, and a deviation grows by ``1 + q`` in each layer. Hence q is small.

Terms with tied weights add up coherently where the field is smooth, so they count with the square of their sum. How far
they do depends on the field: :func:`calibrate` measures it.
"""

import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.nn.invariants import normalised_trace
from gaugeflow.nn.layer import Layer, Residual, Stack
from gaugeflow.nn.weight import Weight

__all__ = ["BILINEAR_SHARE", "calibrate", "draw_normalised_", "draw_pairs_", "trace_variance"]

BILINEAR_SHARE = 0.05
"""q: the share of products in the squared initial weights of a bilinear layer that also has linear terms."""


def draw_normalised_(weight: Weight, generator: torch.Generator, size: float = 1.0) -> None:
    """Normal numbers, scaled so that the squares of each output (the first axis) sum to ``size^2``."""
    weight.set_(_normalised(weight.draw(generator), weight.multiplicity(), size**2))


def draw_pairs_(weight: Weight, generator: torch.Generator, unit: bool) -> None:
    """Weights ``(I, J, K)`` of a bilinear layer; the unit matrix is the last of J and of K.

    Without the unit all terms are products. With it the terms linear in either factor share ``1 - q`` evenly, and the
    constant term, unit times unit, is zero.
    """
    drawn, count = weight.draw(generator), weight.multiplicity()
    products, left, right = (..., slice(-1), slice(-1)), (..., slice(-1), -1), (..., -1, slice(-1))
    linear = (1 - BILINEAR_SHARE) / 2
    shares = ((products, BILINEAR_SHARE), (left, linear), (right, linear)) if unit else ((..., 1.0),)
    value = torch.zeros_like(drawn)
    for terms, share in shares:
        value[terms] = _normalised(drawn[terms], count[terms], share)
    weight.set_(value)


def _normalised(weight: Tensor, count: Tensor, share: float) -> Tensor:
    total = (count.to(weight) * weight.square()).flatten(1).sum(1).clamp_min(torch.finfo(weight.dtype).tiny)
    return weight * (share / total).sqrt().reshape(-1, *[1] * (weight.ndim - 1))


def trace_variance(w: Tensor) -> Tensor:
    """Variance of ``(1/N) tr W`` over configurations and sites, mean over the channels; a number."""
    return normalised_trace(w).transpose(0, 1).flatten(1).var(1).mean()


@torch.no_grad()
def calibrate(layer: Layer, links: Tensor, w: Tensor) -> tuple[Tensor, Tensor]:
    """Scales every layer that is linear in its last weights so that trace variance goes out as it came in.

    Starts from whatever weights there are; use it before training, on a few configurations like those to come.

    Args:
        layer: usually a :class:`Stack`; what is inside of it is scaled in turn.
        links: the configurations.
        w: their site matrices.

    Returns:
        What the scaled layer makes of them, ``(links, w)``.

    Raises:
        UserError: traces that are the same everywhere, as on a cold start.
    """
    if isinstance(layer, Stack):
        for inner in layer:
            links, w = calibrate(inner, links, w)
        return links, w
    if isinstance(layer, Residual):
        calibrate(layer.layer, links, w)
    elif layer.linear_weight is not None:
        _, after = layer(links, w)
        scale = (trace_variance(w) / trace_variance(after)).sqrt()
        if not 0 < scale < torch.inf:
            raise UserError(f"calibrate: expected fields whose traces vary, got a scale of {float(scale)} for {layer}")
        layer.linear_weight.free.mul_(scale)
    return layer(links, w)
