"""Finite groups by their multiplication tables: conjugacy classes and the table of irreducible characters.

The characters come from the centre of the group algebra, as in Burnside's and Dixon's algorithms (J. D. Dixon, Numer.
Math. 10 (1967) 446), in floating point: convolution with a class function h commutes with all others, it is Hermitian
if h(1/g) is the conjugate of h(g), and its eigenvectors among the class functions are the irreducible characters.
"""

from __future__ import annotations

import torch
from torch import Tensor

from gaugeflow.symmetry.actions.groups import Element, Group, group_named
from gaugeflow.symmetry.actions.values import Tree, leaves, map_leaves, map_tensors, wide

__all__ = ["conjugacy_classes", "inverses", "irreducible_characters", "multiplication_table"]

LARGEST = 4096
"""The number of elements up to which a multiplication table is made; its characters need 16 n^2 bytes."""


def multiplication_table(group: Group | str, x: Tree) -> Tensor:
    """The number of g_i g_j among the elements of `group` that act on `x`, integers `(n, n)`; g_j acts first.

    The order is that of `Group.elements(x)`. Elements are told apart by what they do to a random example like `x`.

    Raises:
        ValueError: an infinite group; more than 4096 elements; two elements that act alike on `x`; a product of two
            that is none of the elements, as in a product of groups that is no group.
    """
    group = group_named(group)
    elements = group.elements(x)
    n = len(elements)
    if n > LARGEST:
        raise ValueError(f"a multiplication table: expected at most {LARGEST} elements, {group.label()} has {n} here")
    names = _Names(elements, map_tensors(lambda t: t[:1], x), group.label())
    table = torch.full((n, n), -1)
    unit = int(names.of(names.point).squeeze())
    table[:, unit] = torch.arange(n)
    generators: list[tuple[int, Tensor]] = []
    while bool((table[0] < 0).any()):
        new = int((table[0] < 0).nonzero()[0])
        generators.append((new, names.of(elements.take(slice(new, new + 1))(names.point), by=elements)))
        _close(table, generators)
    return table


def _close(table: Tensor, generators: list[tuple[int, Tensor]]) -> None:
    """Fill the columns of all products of the generators s, of which the numbers of all g_i s are known."""
    waiting = (table[0] >= 0).nonzero().flatten().tolist()
    while waiting:
        column = waiting.pop()
        for _, times in generators:
            product = int(times[column])
            if table[0, product] < 0:
                table[:, product] = times[table[:, column]]  # g_i (g_j s) = (g_i g_j) s
                waiting.append(product)


class _Names:
    """Numbers the elements of a finite group by the image of one random point."""

    def __init__(self, elements: Element, x: Tree, label: str) -> None:
        generator = torch.Generator().manual_seed(0)
        self.label = label
        self.point = map_leaves(lambda leaf: leaf.random_like(generator), x)
        self.orbit = _coordinates(elements(_repeated(self.point, len(elements))))
        distances = torch.cdist(self.orbit, self.orbit).fill_diagonal_(torch.inf)
        self.apart = 1e-6 * float(self.orbit.abs().max())
        if bool((distances < self.apart).any()):
            i, j = (distances < self.apart).nonzero()[0].tolist()
            raise ValueError(
                f"a multiplication table: elements {i} and {j} of {label} act alike on "
                f"{', '.join(leaf.name for leaf in leaves(x))}, so that their products cannot be told apart; "
                "give an example on which they differ"
            )

    def of(self, y: Tree, by: Element | None = None) -> Tensor:
        """The numbers of the elements that take the point to the entries of `y`, after `by` if given."""
        images = _coordinates(y if by is None else by(_repeated(y, len(by))))
        distance, number = torch.cdist(images, self.orbit).min(1)
        if bool((distance > self.apart).any()):
            raise ValueError(
                f"a multiplication table: the products of two elements of {self.label} are not all among its elements; "
                "a product of groups is a group only if its factors normalise one another"
            )
        return number


def _repeated(x: Tree, size: int) -> Tree:
    return map_tensors(lambda t: t.expand(size, *t.shape[1:]), x)


def _coordinates(x: Tree) -> Tensor:
    """All numbers of each entry, `(batch, size)` in float64; angles and links as they are compared."""
    parts = [part for leaf in leaves(x) for part in leaf.differences(leaf.map(torch.zeros_like))]
    plain = [torch.view_as_real(part) if part.is_complex() else part for part in map(wide, parts)]
    return torch.cat([part.flatten(1) for part in plain], dim=1)


def inverses(table: Tensor) -> Tensor:
    """The number of the inverse of each element, `(n,)`, from the multiplication table `(n, n)`."""
    return (table == unit_of(table)).long().argmax(1)


def unit_of(table: Tensor) -> int:
    """The number of the unit element of a multiplication table `(n, n)`; a `ValueError` for what is no such table."""
    n = len(table)
    here = torch.arange(n, device=table.device)
    latin = table.shape == (n, n) and all(bool((side.sort(1).values == here).all()) for side in (table, table.mT))
    units = here[(table == here).all(1) & (table.mT == here).all(1)] if latin else here[:0]
    if len(units) != 1:
        raise ValueError(
            "a multiplication table: expected integers (n, n) with every element once in each row and column and a "
            f"unit, got {table.dtype} {tuple(table.shape)}"
        )
    return int(units)


def conjugacy_classes(table: Tensor) -> Tensor:
    """The number of the conjugacy class of each element, `(n,)`, from the multiplication table `(n, n)`."""
    inverse = inverses(table)
    conjugates = table[table, inverse.unsqueeze(1)]  # [g, h] -> g h 1/g
    return conjugates.min(0).values.unique(return_inverse=True)[1]


def irreducible_characters(table: Tensor) -> Tensor:
    """The characters of all irreducible representations of a finite group, `(irreps, n)` in complex128.

    Rows are sorted by the dimension, which is the entry at the unit element; the trivial representation comes first.

    Args:
        table: the number of g_i g_j in row i and column j, `(n, n)`.

    Raises:
        ValueError: a table that is not that of a group.
    """
    classes, inverse, n = conjugacy_classes(table), inverses(table), len(table)
    indicator = torch.nn.functional.one_hot(classes).to(torch.complex128)
    sizes = indicator.real.sum(0)
    indicator = indicator / sizes.sqrt()
    generator = torch.Generator().manual_seed(0)
    h = torch.randn(len(sizes), dtype=torch.complex128, generator=generator)[classes]
    h = h + h[inverse].conj()
    convolution = indicator.mT @ h[table[:, inverse]] @ indicator  # h(x 1/y) between class functions of unit norm
    vectors = torch.linalg.eigh(convolution).eigenvectors.mT @ indicator.mT * n**0.5
    at_unit = vectors[:, unit_of(table)].unsqueeze(1)
    characters = vectors * (at_unit.conj() / at_unit.abs())
    return _sorted(_checked(characters, table))


def _checked(characters: Tensor, table: Tensor) -> Tensor:
    degrees = characters[:, unit_of(table)].real
    off = (degrees - degrees.round()).abs().max() + (degrees.round().square().sum() - len(table)).abs()
    if not off < 1e-6:
        raise ValueError(
            f"irreducible characters: dimensions that are off whole numbers by {float(off):.1e}; expected the "
            "multiplication table of a group, which is associative"
        )
    return characters


def _sorted(characters: Tensor) -> Tensor:
    """By dimension, then by values; the trivial character has the largest ones among those of dimension one."""
    degrees = characters.abs().amax(1).round().long().tolist()
    values = (-torch.view_as_real(characters) * 1e6).round().flatten(1).tolist()
    return characters[torch.tensor(sorted(range(len(characters)), key=lambda i: (degrees[i], values[i])))]
