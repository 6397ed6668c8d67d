"""Small changes with a name, which a symmetry that is found is compared with."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from gaugeflow.symmetry.actions.fields import Links, SiteScalars, SiteVectors
from gaugeflow.symmetry.actions.particles import Points
from gaugeflow.symmetry.actions.values import Tree, Value, batch_size, device_of, leaves, map_leaves
from gaugeflow.symmetry.algebra.directions.family import Family
from gaugeflow.symmetry.algebra.directions.generated import antisymmetric, family_of

__all__ = ["named_families"]


def named_families(x: Tree) -> Iterator[Family]:
    """The families with a name that a value of this kind may have, the larger before those that lie in them."""
    for name in ("gauge", "global-gauge", "rotations", "point-translations"):
        try:
            family = family_of(name, x)
            family.move(x, torch.zeros(batch_size(x), family.size, dtype=torch.float64, device=device_of(x)))
        except ValueError:  # it acts on other values
            continue
        yield replace(family, name=name)
    yield from (family(x) for family in (_centre, _channel_rotations, _field_shifts, _phase, _dilation))


def _by_leaf(name: str, kind: type[Value], x: Tree, size: int, act: Callable[[Value, Tensor], Tensor]) -> Family:
    """A family that changes the leaves of one type alone, to the data that `act` returns."""

    def move(tree: Tree, theta: Tensor) -> Tree:
        return map_leaves(lambda leaf: leaf.with_data(act(leaf, theta)) if isinstance(leaf, kind) else leaf, tree)

    return Family(name, size if any(isinstance(leaf, kind) for leaf in leaves(x)) else 0, move)


def _centre(x: Tree) -> Family:
    """A phase on the links in direction mu that start in the slice x_mu = 0, one for every mu."""
    links = [leaf for leaf in leaves(x) if isinstance(leaf, Links) and leaf.is_abelian]

    def act(leaf: Value, theta: Tensor) -> Tensor:
        directions = []
        for mu, angles in enumerate(leaf.data.unbind(1)):
            first = torch.arange(angles.shape[1 + mu], device=angles.device) == 0
            wall = first.reshape(-1, *[1] * (angles.ndim - 2 - mu))
            directions.append(angles + theta[:, mu].reshape(-1, *[1] * (angles.ndim - 1)) * wall)
        return torch.stack(directions, dim=1)

    return _by_leaf("centre", Links, x, len(links[0].shape) if links else 0, act)


def _channel_rotations(x: Tree) -> Family:
    """Rotations of the channels of a field of real numbers into one another."""
    fields = [leaf for leaf in leaves(x) if isinstance(leaf, SiteScalars) and leaf.channels == 1]
    c = fields[0].data.shape[1] if fields else 0

    def act(leaf: Value, theta: Tensor) -> Tensor:
        return leaf.data + torch.einsum("bij,bj...->bi...", antisymmetric(theta, c).to(leaf.data), leaf.data)

    return _by_leaf("channel rotations", SiteScalars, x, c * (c - 1) // 2, act)


def _field_shifts(x: Tree) -> Family:
    """phi -> phi + c with a constant for every channel."""
    channels = [leaf.data.shape[1 : 1 + leaf.channels] for leaf in leaves(x) if isinstance(leaf, SiteScalars)]

    def act(leaf: Any, theta: Tensor) -> Tensor:
        return leaf.data + theta.reshape(len(theta), *channels[0], *[1] * len(leaf.shape))

    return _by_leaf("field shifts", SiteScalars, x, math.prod(channels[0]) if channels else 0, act)


def _phase(x: Tree) -> Family:
    """One phase for all vectors at the sites."""

    def act(leaf: Value, theta: Tensor) -> Tensor:
        return leaf.data * (1 + 1j * theta).reshape(-1, *[1] * (leaf.data.ndim - 1))

    return _by_leaf("phase", SiteVectors, x, 1, act)


def _dilation(x: Tree) -> Family:
    """r -> (1 + theta) r for all points."""

    def act(leaf: Value, theta: Tensor) -> Tensor:
        return leaf.data * (1 + theta).reshape(-1, 1, 1)

    return _by_leaf("dilation", Points, x, 1, act)
