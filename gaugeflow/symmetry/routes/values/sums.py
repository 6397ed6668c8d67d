"""Weighted sums of outputs over the elements chosen for each entry of a batch, every type in its own way."""

from __future__ import annotations

import torch
from torch import Tensor

from gaugeflow.symmetry.actions.fields import Links
from gaugeflow.symmetry.actions.scalars import Angles, SignedLog
from gaugeflow.symmetry.actions.values import Tree, Value, map_leaves

__all__ = ["summed"]

_ROUNDINGS = 4.0
"""Numbers that cancel to this many machine epsilons leave zero: the sign of what is left would be rounding."""


def summed(y: Tree, entry: Tensor, weight: Tensor, batch: int) -> Tree:
    """sum of weight y over the rows with the same `entry`, for values `(size, ...)`: values `(batch, ...)`.

    Signed logs are added as the numbers that they stand for, in the log domain. Angles are averaged on the circle:
    the angle of the sum of weight exp(i angle). A sum of links is a matrix, not a link.

    Raises:
        TypeError: integers, which have no averages; angles with complex or negative weights.
    """
    return map_leaves(lambda leaf: _summed_leaf(leaf, entry, weight, batch), y)


def _summed_leaf(leaf: Value, entry: Tensor, weight: Tensor, batch: int) -> Value:
    if isinstance(leaf, SignedLog):
        return _summed_logs(leaf, entry, weight, batch)
    for tensor in leaf.tensors:
        if not (tensor.is_floating_point() or tensor.is_complex()):
            raise TypeError(f"expected real or complex numbers to average, got {leaf.name} of {tensor.dtype}")
    if isinstance(leaf, Angles) or (isinstance(leaf, Links) and leaf.is_abelian):
        return leaf.with_data(_summed_angles(leaf.data, entry, weight, batch))
    return leaf.map(lambda t: add_rows(t, entry, weight, batch))


def add_rows(tensor: Tensor, entry: Tensor, weight: Tensor, batch: int) -> Tensor:
    """sum of weight tensor over the rows of each entry, `(batch, ...)`; complex where one of the two is."""
    factor = weight.to(tensor.dtype) if weight.is_complex() == tensor.is_complex() else weight
    rows = tensor * factor.reshape(-1, *[1] * (tensor.ndim - 1))
    return torch.zeros(batch, *rows.shape[1:], dtype=rows.dtype, device=rows.device).index_add(0, entry, rows)


def _summed_angles(angle: Tensor, entry: Tensor, weight: Tensor, batch: int) -> Tensor:
    if weight.is_complex() or bool((weight < 0).any()):
        raise TypeError("expected numbers that a character can multiply, got angles")
    return torch.atan2(add_rows(angle.sin(), entry, weight, batch), add_rows(angle.cos(), entry, weight, batch))


def _summed_logs(psi: SignedLog, entry: Tensor, weight: Tensor, batch: int) -> SignedLog:
    top = _largest_of(psi.data.detach(), entry, batch)
    numbers = psi.sign * torch.exp(psi.data - top[entry])
    total = add_rows(numbers, entry, weight, batch)
    size = add_rows(numbers.detach().abs(), entry, weight.abs(), batch)
    nothing_left = total.detach().abs() <= _ROUNDINGS * torch.finfo(size.dtype).eps * size
    total = torch.where(nothing_left, torch.zeros_like(total), total)
    return SignedLog(torch.sgn(total), total.abs().log() + top)


def _largest_of(log: Tensor, entry: Tensor, batch: int) -> Tensor:
    """The largest of each entry, `(batch, ...)`; zero where all are -inf."""
    index = entry.reshape(-1, *[1] * (log.ndim - 1)).expand_as(log)
    low = torch.full((batch, *log.shape[1:]), -torch.inf, dtype=log.dtype, device=log.device)
    top = low.scatter_reduce(0, index, log, "amax")
    return torch.where(torch.isfinite(top), top, torch.zeros_like(top))
