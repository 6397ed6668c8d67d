"""Which value an activation inside a network is: the reading under which it transforms as it does."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from gaugeflow.symmetry.actions.fields import LatticeValue
from gaugeflow.symmetry.actions.groups import Element, acts_on
from gaugeflow.symmetry.actions.particles import ParticleValue
from gaugeflow.symmetry.actions.values import VALUES, Tree, Value, batch_size, leaves
from gaugeflow.symmetry.checks.trials.casting import cast
from gaugeflow.symmetry.checks.trials.subject import Unusable, wrap

__all__ = ["Reader", "Reading"]


@dataclass(frozen=True)
class Layout:
    """Where the batch axis of an activation is: brought to the front, and back."""

    name: str
    open: Callable[[Tensor], Tensor]
    close: Callable[[Tensor, Tensor], Tensor]


def layouts(tensor: Tensor, x: Tree) -> Iterator[Layout]:
    """Batch first, and behind it particles or lattice flattened; batch merged with the next axis; second; absent."""
    batch, sizes = batch_size(x), tuple(tensor.shape)
    if sizes[:1] == (batch,):
        yield Layout("", lambda t: t, lambda t, like: t)
        for inner in _unflattened(sizes[1], x) if len(sizes) == 2 else ():
            yield _reshaped(" (flattened)", (batch, *inner))
    elif sizes and sizes[0] % batch == 0:
        yield _reshaped(" (merged batch)", (batch, -1, *sizes[1:]))
    if sizes[1:2] == (batch,):
        yield Layout(" (batch second)", lambda t: t.transpose(0, 1), lambda t, like: t.transpose(0, 1).contiguous())
    if batch == 1:
        yield Layout(" (no batch)", lambda t: t.unsqueeze(0), lambda t, like: t.squeeze(0))


def _reshaped(name: str, shape: tuple[int, ...]) -> Layout:
    return Layout(name, lambda t: t.reshape(shape), lambda t, like: t.reshape(like.shape))


def _unflattened(size: int, x: Tree) -> Iterator[tuple[int, ...]]:
    """Shapes of `size` numbers with a particle axis in front, or a lattice behind."""
    for leaf in leaves(x):
        if isinstance(leaf, ParticleValue) and size % leaf.data.shape[1] == 0 and size > leaf.data.shape[1]:
            yield (leaf.data.shape[1], size // leaf.data.shape[1])
        if isinstance(leaf, LatticeValue) and size % math.prod(leaf.shape) == 0:
            yield (size // math.prod(leaf.shape), *leaf.shape)


@dataclass(frozen=True)
class Reading:
    """An activation as a value, and the error with which it explains the transformed activation."""

    value: Value
    layout: Layout
    error: float

    @property
    def name(self) -> str:
        return self.value.name + self.layout.name


class Reader:
    """Finds readings for one group element and one input of one entry."""

    def __init__(self, x: Tree, g: Element, dtype: torch.dtype, hidden: Sequence[Any]) -> None:
        self.x = x
        self.g = g.map(lambda t: cast(t, dtype))
        groups = [group for group, _ in g.factors]
        self.types = [kind for kind in VALUES.values() if all(acts_on(group, kind) for group in groups)]
        self.hidden = hidden

    def readings(self, before: Tensor, after: Tensor) -> list[Reading]:
        """All values that the activation `before` can be, the one that explains `after` best in front."""
        if before.shape != after.shape:
            return []
        found = []
        for layout in layouts(before, self.x):
            for value in self._candidates(layout.open(before)):
                error = self._error(value, layout, before, after)
                if error is not None:
                    found.append(Reading(value, layout, error))
        return sorted(found, key=lambda reading: reading.error)

    def _candidates(self, tensor: Tensor) -> Iterator[Value]:
        for spec in self.hidden:
            try:
                yield wrap(spec, tensor)
            except Unusable:
                continue
        for kind in self.types:
            try:
                yield from kind.readings(tensor, self.x)
            except ValueError:
                continue

    def _error(self, value: Value, layout: Layout, before: Tensor, after: Tensor) -> float | None:
        try:
            transformed = self.transform(Reading(value, layout, 0.0), before)
        except (ValueError, RuntimeError, IndexError):
            return None
        return relative(transformed, after)

    def transform(self, reading: Reading, like: Tensor) -> Tensor:
        """D(g) of the activation, laid out as it was."""
        return reading.layout.close(self.g(reading.value).data, like)


def relative(a: Tensor, b: Tensor) -> float:
    """The largest difference in units of the largest component; infinite where it is no number."""
    if a.numel() == 0:
        return 0.0
    scale = float(torch.maximum(a.abs().max(), b.abs().max()))
    error = float((a - b).abs().max()) / (scale or 1.0)
    return error if math.isfinite(error) else math.inf
