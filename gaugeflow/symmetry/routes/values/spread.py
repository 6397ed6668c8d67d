"""How far outputs for one entry lie apart: standard deviations over the rows of each entry."""

from __future__ import annotations

import torch
from torch import Tensor

from gaugeflow.symmetry.actions.scalars import SignedLog
from gaugeflow.symmetry.actions.values import Tree, Value, map_leaves, zip_leaves

__all__ = ["spread"]


def spread(y: Tree, mean: Tree, entry: Tensor, factor: Tensor, divisor: float = 1.0) -> Tree:
    """The standard deviation of factor y over the rows of each entry, divided by `divisor`: values like `mean`.

    Rows are `(size, ...)`, as many for each entry. Of a signed log: zero in the place of the sign, and the deviation
    relative to the mean in the place of the log.
    """
    found = iter([_spread_of(a, b, entry, factor, divisor) for a, b in zip_leaves(y, mean)])
    return map_leaves(lambda _: next(found), mean)


def _spread_of(leaf: Value, mean: Value, entry: Tensor, factor: Tensor, divisor: float) -> Value:
    if isinstance(leaf, SignedLog) and isinstance(mean, SignedLog):
        ratio = (leaf.data - mean.data[entry]).exp() * leaf.sign / mean.sign[entry]
        relative = _deviation(_times(ratio, factor) - 1, entry, mean.data) / divisor
        return SignedLog(torch.zeros_like(relative), relative)
    off = leaf.map(lambda t: _times(t, factor)).differences(mean.map(lambda t: t[entry]))
    found = iter([_deviation(d, entry, t) / divisor for d, t in zip(off, mean.tensors, strict=True)])
    return mean.map(lambda _: next(found))


def _times(tensor: Tensor, factor: Tensor) -> Tensor:
    return tensor * factor.to(tensor.dtype if factor.is_complex() == tensor.is_complex() else factor.dtype).reshape(
        -1, *[1] * (tensor.ndim - 1)
    )


def _deviation(off: Tensor, entry: Tensor, like: Tensor) -> Tensor:
    """From the differences to the mean, of which the n rows of an entry leave n - 1 free."""
    squares = torch.zeros(like.shape, dtype=torch.float64, device=like.device)
    squares = squares.index_add(0, entry, off.abs().square().double())
    real = like.real.dtype if like.is_complex() else like.dtype
    return (squares / (len(off) // len(like) - 1)).sqrt().to(real)
