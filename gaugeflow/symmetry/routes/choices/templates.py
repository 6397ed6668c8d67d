"""Fixed random numbers: a generic direction that tells any two different fields apart."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

__all__ = ["template"]


def template(size: Sequence[int], like: Tensor) -> Tensor:
    """Normal numbers of this size, the same ones at every call, in the dtype and on the device of `like`."""
    dtype = torch.complex128 if like.is_complex() else torch.float64
    generator = torch.Generator().manual_seed(16)
    return torch.randn(tuple(size), dtype=dtype, generator=generator).to(like)
