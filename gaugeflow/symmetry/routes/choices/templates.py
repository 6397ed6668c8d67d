"""Fixed numbers without a pattern: a generic direction that tells any two different fields apart."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

__all__ = ["template"]


def template(size: Sequence[int], like: Tensor) -> Tensor:
    """Numbers of this size with mean square one, in the dtype and on the device of `like`.

    They are cosines of sqrt(2) k^2 with k = 1, 2, ..., or phases of it: no random numbers, which `torch.func.vmap`
    would refuse to draw.
    """
    k = torch.arange(1, 1 + math.prod(size), dtype=torch.float64, device=like.device).reshape(tuple(size))
    angle = math.sqrt(2) * k.square()
    if like.is_complex():
        return torch.polar(torch.ones_like(angle), angle).to(like.dtype)
    return (math.sqrt(2) * angle.cos()).to(like.dtype)
