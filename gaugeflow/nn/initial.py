"""Initial weights that keep the variance of traces as it is from layer to layer.

Products of independent matrices of unit size, ``tr W W^dagger = N``, have unit size again, and so has a sum of them
whose squared weights add up to one. A mean square m becomes ``(1 - q) m + q m^2`` where the bilinear terms have the
share q of the squared weights: m = 1 stays, and a deviation grows by ``1 + q`` in each layer. Hence q is small.
"""

import torch
from torch import Tensor

__all__ = ["BILINEAR_SHARE", "normalised", "pair_weights"]

BILINEAR_SHARE = 0.1
"""q: the share of products in the squared initial weights of a bilinear layer that also has linear terms."""


def normalised(weight: Tensor, share: float = 1.0) -> Tensor:
    """``(I, ...)`` scaled so that the squares of each output i sum to ``share``."""
    total = weight.square().flatten(1).sum(1).clamp_min(torch.finfo(weight.dtype).tiny)
    return weight * (share / total).sqrt().reshape(-1, *[1] * (weight.ndim - 1))


def pair_weights(drawn: Tensor, unit: bool) -> Tensor:
    """Weights ``(I, J, K)`` of a bilinear layer from normal numbers; the unit matrix is the last of J and of K.

    Without the unit all terms are products. With it the terms linear in either factor share ``1 - q`` evenly, and the
    constant term, unit times unit, is zero.
    """
    if not unit:
        return normalised(drawn)
    weight = torch.zeros_like(drawn)
    weight[:, :-1, :-1] = normalised(drawn[:, :-1, :-1], BILINEAR_SHARE)
    weight[:, :-1, -1] = normalised(drawn[:, :-1, -1], (1 - BILINEAR_SHARE) / 2)
    weight[:, -1, :-1] = normalised(drawn[:, -1, :-1], (1 - BILINEAR_SHARE) / 2)
    return weight
