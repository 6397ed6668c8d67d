"""The symmetries of a value: the elements of a group, and its directions, that leave it alone."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from gaugeflow.symmetry.actions.groups import Element, Group, InfiniteGroup, Product, group_named
from gaugeflow.symmetry.actions.values import Tree, map_tensors, zip_leaves
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
    of the others. A symmetry that needs both at once, such as a shift followed by a gauge transformation, is not found.

    Raises:
        ValueError: a finite factor with more than 100,000 elements, or a group that does not act on `x`.
    """
    group = group_named(group)
    elements = _finite_elements(group, x)
    kept, error = None, torch.zeros(0, dtype=torch.float64)
    if elements is not None:
        moved = displacement(elements, x)
        kept, error = elements.take(moved <= _SAME), moved[moved <= _SAME]
    family = family_of(group, x)
    directions = torch.zeros(0, family.size, dtype=torch.float64)
    if family.size:
        directions, _ = null_space(vector_fields(family, x).mT, unit=1.0)
    return Stabiliser(kept, error, directions, family)


def displacement(g: Element, x: Tree) -> Tensor:
    """How far each element moves `x` `(1, ...)`, in units of its size, `(len(g),)`."""
    many = map_tensors(lambda t: t.expand(len(g), *t.shape[1:]), x)
    parts = [(a.distance(b) / b.magnitude().clamp(min=1e-300)).amax(1) for a, b in zip_leaves(g(many), many)]
    return torch.stack(parts).amax(0)


def _finite_elements(group: Group, x: Tree) -> Element | None:
    """All elements of the product of the finite factors, None if there is none."""
    finite = [part for part in group.parts() if _is_finite(part, x)]
    if not finite:
        return None
    product = Product(*finite)
    order = product.order(x)
    if order is not None and order > LARGEST:
        raise ValueError(f"{product.label()} has {order} elements here, and at most {LARGEST} are gone through")
    return product.elements(x)


def _is_finite(part: Group, x: Tree) -> bool:
    try:
        return part.order(x) is not None or len(part.elements(x)) > 0
    except InfiniteGroup:
        return False
