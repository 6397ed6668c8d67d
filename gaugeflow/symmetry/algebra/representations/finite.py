"""Finite groups by their multiplication tables, and representations of them that need no value: regular and induced."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from gaugeflow.symmetry.actions.groups import Group, Parameters
from gaugeflow.symmetry.actions.scalars import Scalars
from gaugeflow.symmetry.actions.values import Tree
from gaugeflow.symmetry.algebra.characters import inverses, unit_of
from gaugeflow.symmetry.algebra.representations.representation import Representation

__all__ = ["FiniteGroup", "by_matrices", "induced", "regular"]


class FiniteGroup(Group):
    """The group of a multiplication table `(n, n)`: the number of g_i g_j in row i and column j.

    Parameters: `index`, the number of an element, `(size,)`.

    Raises:
        ValueError: a table that is not that of a group.
    """

    name = "finite"

    def __init__(self, table: Tensor) -> None:
        unit_of(table)
        self.table = table

    def label(self) -> str:
        return f"group of order {len(self.table)}"

    def draw(self, x: Tree, size: int, generator: torch.Generator) -> Parameters:
        return {"index": torch.randint(len(self.table), (size,), generator=generator)}

    def inverse(self, g: Parameters) -> Parameters:
        return {"index": inverses(self.table)[g["index"]]}

    def compose(self, g: Parameters, h: Parameters) -> Parameters:
        return {"index": self.table[g["index"], h["index"]]}

    def every(self, x: Tree) -> Parameters:
        return {"index": torch.arange(len(self.table))}

    def order(self, x: Tree) -> int | None:
        return len(self.table)


def by_matrices(group: FiniteGroup, matrices: Tensor) -> Representation:
    """The representation by the matrices of all elements, `(n, size, size)`.

    Raises:
        ValueError: D(g) D(h) is not D(g h).
    """
    products = matrices.unsqueeze(1) @ matrices
    if not bool((products - matrices[group.table]).abs().max() <= 1e-9 * (1 + products.abs().max())):
        raise ValueError(f"{group.label()}: expected matrices with D(g) D(h) = D(g h), got others")
    nothing = Scalars(torch.zeros(1, 1, dtype=torch.float64))
    return Representation(
        group,
        nothing,
        matrices.shape[1],
        matrices.is_complex(),
        lambda g: matrices[g.factors[0][1]["index"]],
        lambda tensors: tensors[0],
    )


def induced(group: FiniteGroup, subgroup: Sequence[int], matrices: Tensor) -> Representation:
    """The representation that one of a subgroup induces, of `n / len(subgroup)` times its size.

    With one t for each coset, D(g) has the block rho(1/t' g t) where that is in the subgroup.

    Args:
        group: the whole group.
        subgroup: the numbers of the elements of the subgroup.
        matrices: rho, `(elements, size, size)`, in this order.

    Raises:
        ValueError: elements that are no subgroup, or matrices that are no representation.
    """
    table, inverse, inside = group.table, inverses(group.table), torch.as_tensor(subgroup)
    if not bool(torch.isin(table[inside][:, inside], inside).all()):
        raise ValueError(f"an induced representation: expected a subgroup, got the elements {inside.tolist()}")
    cosets = table[:, inside].sort(1).values.unique(dim=0)[:, 0]
    inner = table[inverse[cosets]][:, table[:, cosets]]  # (t', g, t): 1/t' g t
    size = matrices.shape[1]
    blocks = matrices.new_zeros(*inner.shape, size, size)
    for element, matrix in zip(inside.tolist(), matrices, strict=True):
        blocks[inner == element] = matrix
    whole = blocks.permute(1, 0, 3, 2, 4).reshape(len(table), len(cosets) * size, -1)
    return by_matrices(group, whole)


def regular(group: FiniteGroup) -> Representation:
    """Functions on the group, on which it acts by (D(g) f)(h) = f(1/g h): induced from the unit element alone."""
    return induced(group, [unit_of(group.table)], torch.ones(1, 1, 1, dtype=torch.float64))
