"""The widest family of small changes of a value, in which unknown symmetries are looked for.

That of a value type of one's own is registered with `widest_of.register`; every number by itself, if it is not.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import singledispatch

import torch
from torch import Tensor

from gaugeflow.symmetry.actions.coordinates import displaced, tangent_size
from gaugeflow.symmetry.actions.fields import Links, SiteMatrices, SiteScalars, SiteVectors
from gaugeflow.symmetry.actions.particles import ParticleValue, Points
from gaugeflow.symmetry.actions.scalars import CartesianTensors
from gaugeflow.symmetry.actions.values import Tree, Value, leaves, map_leaves
from gaugeflow.symmetry.algebra.directions.family import Family
from gaugeflow.symmetry.algebra.directions.generated import near_one

__all__ = ["widest_family", "widest_of"]


def widest_family(x: Tree) -> Family:
    """All directions that are looked through for unknown symmetries, each value of `x` with its own."""
    parts = [widest_of(leaf) for leaf in leaves(x)]

    def move(tree: Tree, theta: Tensor) -> Tree:
        thetas = theta.split([part.size for part in parts], dim=1)
        moved = iter([part.move(*pair) for part, *pair in zip(parts, leaves(tree), thetas, strict=True)])
        return map_leaves(lambda _: next(moved), tree)

    return Family("all", sum(part.size for part in parts), move)


@singledispatch
def widest_of(leaf: Value) -> Family:
    """The widest family of a value: every number by itself, and linear maps where the type has them."""
    return Family("shifts", tangent_size(leaf), displaced)


@widest_of.register
def _(leaf: Links) -> Family:
    """Each link is multiplied by group elements of its own from the left and from the right."""
    if leaf.is_abelian:
        return Family("shifts", tangent_size(leaf), displaced)
    n, lead = leaf.colour, leaf.data.shape[1:-2]

    def move(links: Links, theta: Tensor) -> Links:
        left, right = near_one(theta.reshape(len(theta), 2, *lead, -1), n).unbind(1)
        return links.with_data(left @ links.data @ right.mH)

    return Family("left and right", 2 * tangent_size(leaf), move)


def _with_shifts(leaf: Value, *linear: tuple[int, Callable[[Tensor, Tensor], Tensor]]) -> Family:
    """Shifts of all numbers, and linear maps `(size, act)`, where `act(data, theta)` is a change of the data."""
    sizes = [tangent_size(leaf), *(size for size, _ in linear)]

    def move(value: Value, theta: Tensor) -> Value:
        shift, *parts = theta.split(sizes, dim=1)
        changes = [act(value.data, part) for (size, act), part in zip(linear, parts, strict=True) if size]
        moved: Value = displaced(value, shift)
        return moved.with_data(sum(changes, moved.data))

    return Family("affine", sum(sizes), move)


@widest_of.register
def _(leaf: SiteScalars) -> Family:
    """Shifts, and real matrices that mix the channels."""
    channels = leaf.data.shape[1] if leaf.channels == 1 else 1

    def mix(data: Tensor, theta: Tensor) -> Tensor:
        return torch.einsum("bij,bj...->bi...", theta.reshape(-1, channels, channels).to(data.dtype), data)

    return _with_shifts(leaf, (channels**2 if leaf.channels == 1 else 0, mix))


@widest_of.register
def _(leaf: SiteVectors) -> Family:
    """Shifts, and at each site a complex matrix that acts on the colours."""
    size = 2 * math.prod(leaf.shape) * leaf.colour**2

    def turn(data: Tensor, theta: Tensor) -> Tensor:
        matrices = _complex(theta, *leaf.shape, leaf.colour, leaf.colour)
        matrices = matrices.reshape(len(data), *[1] * leaf.channels, *matrices.shape[1:])
        return (matrices @ data.unsqueeze(-1)).squeeze(-1)

    return _with_shifts(leaf, (size, turn))


@widest_of.register
def _(leaf: SiteMatrices) -> Family:
    """Shifts, and at each site complex matrices from the left and from the right."""
    size = 4 * math.prod(leaf.shape) * leaf.colour**2

    def turn(data: Tensor, theta: Tensor) -> Tensor:
        both = _complex(theta, 2, *leaf.shape, leaf.colour, leaf.colour)
        left, right = (m.reshape(len(data), *[1] * leaf.channels, *m.shape[1:]) for m in both.unbind(1))
        return left @ data - data @ right

    return _with_shifts(leaf, (size, turn))


def _complex(theta: Tensor, *shape: int) -> Tensor:
    return torch.complex(*theta.reshape(len(theta), 2, *shape).unbind(1))


@widest_of.register(ParticleValue)
@widest_of.register(CartesianTensors)
def _(leaf: Value) -> Family:
    """Shifts, and one real matrix on all vectors."""
    rank = 1 if isinstance(leaf, Points) else getattr(leaf, "rank", 0)
    if not leaf.data.is_floating_point():
        raise ValueError(
            f"expected real or complex numbers that can move a little, got {leaf.name} of {leaf.data.dtype}"
        )
    d = leaf.data.shape[-1] if rank else 0

    def turn(data: Tensor, theta: Tensor) -> Tensor:
        matrix = theta.reshape(-1, *[1] * (data.ndim - 2), d, d)
        axes = range(data.ndim - rank, data.ndim)
        turned = [(data.movedim(a, -1).unsqueeze(-2) * matrix).sum(-1).movedim(-1, a) for a in axes]
        return torch.stack(turned).sum(0)

    return _with_shifts(leaf, (d * d, turn))
