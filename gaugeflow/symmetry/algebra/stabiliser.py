"""The symmetries of a value: the elements of a group, and its directions, that leave it alone."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from gaugeflow.symmetry.actions.euclidean import Euclidean
from gaugeflow.symmetry.actions.groups import Element, Group, InfiniteGroup, Parameters, Product, group_named
from gaugeflow.symmetry.actions.particles import Points
from gaugeflow.symmetry.actions.values import Tree, leaves, map_tensors, zip_leaves
from gaugeflow.symmetry.algebra.directions.family import Family, vector_fields
from gaugeflow.symmetry.algebra.directions.generated import family_of
from gaugeflow.symmetry.algebra.directions.rank import null_space

__all__ = ["Stabiliser", "displacement", "stabiliser"]

LARGEST = 100_000
"""The number of elements up to which a finite group is gone through."""
_SAME = 1e-9


@dataclass(frozen=True, eq=False)
class Stabiliser:
    """`elements` of the finite factors of a group, and `directions` `(k, size)` in the generators of `family`, that
    keep a value. `error` `(len(elements),)` is by how much they do, in units of the value."""

    elements: Element | None
    error: Tensor
    directions: Tensor
    family: Family

    @property
    def order(self) -> int:
        """The number of elements that keep the value, the identity included."""
        return 1 if self.elements is None else len(self.elements)

    def __bool__(self) -> bool:
        """Whether anything but the identity keeps the value."""
        return self.order > 1 or len(self.directions) > 0


def stabiliser(x: Tree, group: Group | str) -> Stabiliser:
    """The symmetries of a value `x` `(1, ...)` among the elements of the finite factors of a group and the generators
    of the others. One that needs both at once is found where it is a motion of points, "orthogonal * permutations", and
    not elsewhere, such as a shift followed by a gauge transformation.

    Raises:
        ValueError: more than 100,000 elements, or too many to list; a group that does not act on `x`, or of which
            neither all elements nor the directions are known.
    """
    group = group_named(group)
    elements = _with_motions(group, _finite_elements(group, x), x)
    kept, error = None, torch.zeros(0, dtype=torch.float64)
    if elements is not None:
        moved = displacement(elements, x)
        kept, error = elements.take(moved <= _SAME), moved[moved <= _SAME]
    family = family_of(group, x)
    directions = torch.zeros(0, family.size, dtype=torch.float64)
    if family.size:
        directions, _ = null_space(vector_fields(family, x).mT, unit=1.0)
    return Stabiliser(kept, error, directions, family)


def displacement(g: Element, x: Tree, like: Tree | None = None) -> Tensor:
    """How far each element moves `x` `(1, ...)`, `(len(g),)`, in units of its size or of that of `like` if larger:
    an `x` that vanishes by symmetry is nothing but rounding."""
    many = map_tensors(lambda t: t.expand(len(g), *t.shape[1:]), x)
    units = [leaf.magnitude().amax().clamp(min=1e-300) for leaf in leaves(x if like is None else like)]
    moves = [
        (a.distance(b) / torch.maximum(b.magnitude(), unit)).amax(1)
        for (a, b), unit in zip(zip_leaves(g(many), many), units, strict=True)
    ]
    return torch.stack(moves).amax(0)


def _finite_elements(group: Group, x: Tree) -> Element | None:
    """All elements of the product of the finite factors, None if there is none."""
    finite = [part for part in group.parts() if _is_finite(part, x)]
    unknown = [part.label() for part in group.parts() if part not in finite and not family_of(part, x).size]
    if unknown:
        raise ValueError(
            f"{unknown[0]}: expected a group of which all elements can be listed, or whose directions are registered "
            "with @generated"
        )
    if not finite:
        return None
    product = Product(*finite)
    order = product.order(x)
    if order is not None and order > LARGEST:
        raise ValueError(f"{product.label()} has {order} elements here, and at most {LARGEST} are gone through")
    return product.elements(x)


def _with_motions(group: Group, elements: Element | None, x: Tree) -> Element | None:
    """After each element the proper and the improper motion that best bring the points back to their places."""
    motions = [part for part in group.parts() if isinstance(part, Euclidean) and part.rotations and not part.listed]
    points = [leaf for leaf in leaves(x) if isinstance(leaf, Points)]
    if not motions or not points:
        return elements
    place = points[0].data
    moved = place if elements is None else elements(points[0].with_data(place.expand(len(elements), -1, -1))).data
    each = [_back(motions[0], moved, place, sign) for sign in ((1, -1) if motions[0].reflections else (1,))]
    motion = {key: torch.cat([parameters[key] for parameters in each]) for key in each[0]}
    twice = torch.arange(len(moved), device=place.device).repeat(len(each))
    return Element((*(() if elements is None else elements.take(twice).factors), (motions[0], motion)))


def _back(motion: Euclidean, moved: Tensor, place: Tensor, sign: int) -> Parameters:
    """The motion of determinant `sign` that takes `moved` `(k, n, d)` to `place` `(1, n, d)` with the least squares
    (W. Kabsch, Acta Cryst. A 32 (1976) 922)."""
    shift = motion.translations
    start, end = (t.mean(1, keepdim=True) if shift else torch.zeros_like(t[:, :1]) for t in (moved, place))
    left, _, right = torch.linalg.svd((place - end).mT @ (moved - start))
    flip = torch.ones_like(left[..., 0])
    flip[:, -1] = sign * torch.linalg.det(left @ right).sign()
    rotation = left * flip.unsqueeze(1) @ right
    return {"rotation": rotation, "shift": (end - start @ rotation.mT).squeeze(1)}


def _is_finite(part: Group, x: Tree) -> bool:
    try:
        return part.order(x) is not None or len(part.elements(x)) > 0
    except InfiniteGroup:
        return False
