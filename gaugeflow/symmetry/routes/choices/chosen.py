"""Which group elements a route takes for which entry of a batch, and with which weight."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from gaugeflow.symmetry.actions.groups import Element
from gaugeflow.symmetry.actions.values import Tree, map_tensors

__all__ = ["Chosen", "each_once", "every_pair", "rows_of"]


def rows_of(x: Tree, index: Tensor) -> Tree:
    """The entries `index` `(size,)` of `x`, in this order."""
    return map_tensors(lambda t: t[index], x)


@dataclass(frozen=True)
class Chosen:
    """`size` pairs of a group element g and an entry of the batch, sorted by entry.

    The route returns the sum of weight D_Y(g) f(D_X(g)^-1 x) over the pairs of each entry.

    element  g, `(size, ...)`;
    entry    which entry of the batch, integers `(size,)`;
    weight   `(size,)`, real or complex; they add up to one in each entry, but for a character.
    """

    element: Element
    entry: Tensor
    weight: Tensor

    def __len__(self) -> int:
        return len(self.entry)

    def slices(self, size: int | None) -> list[slice]:
        """The pairs in chunks of at most `size`."""
        step = size or max(len(self), 1)
        return [slice(start, start + step) for start in range(0, len(self), step)]

    def then(self, inner: Chosen) -> Chosen:
        """Of a form of the form: `inner` is chosen for the entries of this one, each moved by its g^-1."""
        outer = self.element.take(inner.entry)
        return Chosen(outer @ inner.element, self.entry[inner.entry], self.weight[inner.entry] * inner.weight)

    def map(self, fn: Callable[[Tensor], Tensor]) -> Chosen:
        return replace(self, element=self.element.map(fn))


def each_once(element: Element, like: Tensor) -> Chosen:
    """One element for each entry; the weights have the dtype of `like`."""
    entry = torch.arange(len(element), device=like.device)
    return Chosen(element, entry, torch.ones(len(element), dtype=like.dtype, device=like.device))


def every_pair(element: Element, batch: int, weight: Tensor) -> Chosen:
    """Every element for every entry; `weight` `(elements,)`."""
    number = torch.arange(len(element), device=weight.device).repeat(batch)
    entry = torch.arange(batch, device=weight.device).repeat_interleave(len(element))
    return Chosen(element.take(number), entry, weight[number])
