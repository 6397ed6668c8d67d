"""Pairs of inputs in different orbits that features of low order cannot tell apart, and which features can.

A pair is one function that returns two values `(1, ...)`, registered with `degenerate`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from gaugeflow.symmetry.actions.euclidean import Euclidean
from gaugeflow.symmetry.actions.fields import Links
from gaugeflow.symmetry.actions.groups import Group, group_named
from gaugeflow.symmetry.actions.haar import haar
from gaugeflow.symmetry.actions.particles import Points
from gaugeflow.symmetry.actions.permutations import Permutations
from gaugeflow.symmetry.actions.values import Value
from gaugeflow.symmetry.algebra.separation import tells_apart
from gaugeflow.symmetry.examples.invariant_features import FEATURES

__all__ = ["DEGENERATE", "Degenerate", "degenerate", "separation_table"]


@dataclass(frozen=True, eq=False)
class Degenerate:
    """Two values `a` and `b` that no element of `group` takes into one another, though they look alike."""

    name: str
    group: Group
    text: str
    a: Value
    b: Value


DEGENERATE: dict[str, Degenerate] = {}
"""The known pairs by name."""


def degenerate(name: str, group: Group | str, text: str) -> Callable[[Callable[[], Any]], Callable[[], Any]]:
    """Register `pair() -> (a, b)`."""

    def register(pair: Callable[[], Any]) -> Callable[[], Any]:
        DEGENERATE[name] = Degenerate(name, group_named(group), text, *pair())
        return pair

    return register


def separation_table() -> list[dict[str, Any]]:
    """Which features tell which pair apart: a row for each pair and each of the `FEATURES` that are invariants of its
    group, with the keys `pair`, `group`, `features` and `apart`."""
    return [
        {
            "pair": pair.name,
            "group": pair.group.label(),
            "features": features.name,
            "apart": tells_apart(features.of, pair.a, pair.b),
        }
        for pair in DEGENERATE.values()
        for features in FEATURES.values()
        if isinstance(pair.a, features.kind) and _are_invariants(features.of, pair)
    ]


def _are_invariants(features: Callable[[Tensor], Tensor], pair: Degenerate) -> bool:
    """Whether features are the same on random inputs like those of the pair and on their images under the group."""
    noise = torch.Generator().manual_seed(0)
    x = pair.a.map(lambda t: t.expand(8, *t.shape[1:])).random_like(noise)
    return not tells_apart(features, x, pair.group.element(x, 8, noise)(x))


def _cloud(*points: tuple[float, ...]) -> Points:
    return Points(torch.tensor([points], dtype=torch.float64))


def _motions(reflections: bool = True, translations: bool = True) -> Group:
    return Euclidean(reflections=reflections, translations=translations) * Permutations()


@degenerate(
    "kite and trapezoid",
    _motions(),
    "four points in a plane with equal distances (M. Boutin, G. Kemper, Adv. Appl. Math. 32 (2004) 709)",
)
def _() -> tuple[Points, Points]:
    trapezoid = _cloud((-1, 1, 0), (1, 1, 0), (2, 0, 0), (-2, 0, 0))
    return trapezoid, _cloud((-1, 0, 0), (1, 0, 0), (0, 1, 0), (0, -3, 0))


@degenerate(
    "points on a line", _motions(), "six points with equal distances (G. S. Bloom, J. Comb. Theory A 22 (1977) 378)"
)
def _() -> tuple[Points, Points]:
    def line(*marks: int) -> Points:
        return _cloud(*((mark / 8, 0, 0) for mark in marks))

    return line(0, 1, 4, 10, 12, 17), line(0, 1, 8, 11, 13, 17)


@degenerate(
    "neighbours on a circle",
    _motions(translations=False),
    "four neighbours of an atom at the origin with equal angles between them, as in cyclotomic sets "
    "(A. L. Patterson, Phys. Rev. 65 (1944) 195): all three-body invariants of the atom are equal",
)
def _() -> tuple[Points, Points]:
    def circle(places: tuple[int, ...]) -> Points:
        return _cloud(*((math.cos(math.pi * k / 4), math.sin(math.pi * k / 4), 0.0) for k in places))

    return circle((0, 1, 3, 4)), circle((0, 1, 2, 5))


@degenerate(
    "a tetrahedron and its mirror image",
    _motions(reflections=False),
    "all distances, triangles and angles are equal; only rotations and translations count, not mirrors",
)
def _() -> tuple[Points, Points]:
    corners = ((0, 0, 0), (1, 0, 0), (0, 2, 0), (0, 0, 3))
    return _cloud(*corners), _cloud(*((-x, y, z) for x, y, z in corners))


def _angles(temporal: Tensor) -> Links:
    """U(1) links of a lattice `(8, 2)` that are zero but for the temporal ones of the first slice, `(8,)`."""
    data = torch.zeros(1, 2, 8, 2, dtype=torch.float64)
    data[:, 1, :, 0] = temporal
    return Links(data)


@degenerate("vacuum and twisted vacuum", "gauge", "flat U(1) links that differ in the phase of their Polyakov loops")
def _() -> tuple[Links, Links]:
    return _angles(torch.zeros(8)), _angles(torch.full((8,), 0.7))


@degenerate(
    "flux on homometric sites",
    "gauge * translations",
    "four plaquettes of a quarter flux each, on sites {0, 1, 3, 4} or {0, 1, 2, 5} of eight: two-point functions agree",
)
def _() -> tuple[Links, Links]:
    def flux(sites: tuple[int, ...]) -> Links:
        quarter = torch.zeros(8, dtype=torch.float64)
        quarter[list(sites)] = math.pi / 2
        return _angles(torch.cat([torch.zeros(1), quarter.cumsum(0)[:-1]]))

    return flux((0, 1, 3, 4)), flux((0, 1, 2, 5))


@degenerate(
    "a field and its conjugate", "gauge * translations", "SU(3) links and their complex conjugates: Re tr agrees"
)
def _() -> tuple[Links, Links]:
    u = haar((1, 2, 2, 2), 3, torch.Generator().manual_seed(1))
    return Links(u), Links(u.conj().resolve_conj())


@degenerate("a field times a root of one", "gauge * translations", "SU(3) links, one slice times exp(2 pi i / 3)")
def _() -> tuple[Links, Links]:
    u = haar((1, 2, 2, 2), 3, torch.Generator().manual_seed(2))
    turned = u.clone()
    turned[:, 1, :, 0] *= complex(math.cos(2 * math.pi / 3), math.sin(2 * math.pi / 3))
    return Links(u), Links(turned)
