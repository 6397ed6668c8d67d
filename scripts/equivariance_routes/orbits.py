"""What a network predicts along the orbit of an input: how often the same class, and how far the outputs spread."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from gaugeflow.symmetry import Group, Value

__all__ = ["images", "orbit_outputs", "same_predictions", "spread"]


def images(x: Value, group: Group) -> Tensor:
    """The whole orbit of every entry, `(elements, batch, ...)`, in the order of `group.elements`."""
    elements, batch = group.elements(x), len(x.data)
    moved = [elements.take(torch.full((batch,), k))(x).data for k in range(len(elements))]
    return torch.stack(moved)


@torch.no_grad()
def orbit_outputs(f: Callable[[Tensor], Tensor], x: Value, group: Group) -> tuple[Tensor, Tensor]:
    """f(x), `(batch, ...)`, and f(g x) for all g, `(elements, batch, ...)`."""
    return f(x.data), torch.stack([f(moved) for moved in images(x, group)])


def same_predictions(here: Tensor, orbit: Tensor) -> Tensor:
    """For how many g the class is that of x itself: outputs `(batch, ..., classes)`, `(elements, batch, ..., classes)`
    to `(batch, ...)`."""
    return (orbit.argmax(-1) == here.argmax(-1)).sum(0)


def spread(orbit: Tensor) -> Tensor:
    """Root mean square over the inputs of the deviation over the orbit, `(elements, batch, ...)` to `(...)`."""
    return orbit.var(0, correction=0).mean(0).sqrt()
