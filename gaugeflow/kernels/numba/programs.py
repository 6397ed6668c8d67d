"""Paths as a list of instructions for the compiled loops: a walk through the prefix tree."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gaugeflow.kernels.numba.layout import RowLayout
from gaugeflow.kernels.tables import Path, PathNode, path_tree, visited_links

__all__ = ["Program", "compile_paths", "reaches"]

WeightedPaths = Sequence[tuple[Path, float]]


class Program(NamedTuple):
    """Instructions for several sums over paths from every site, one after the other.

    Attributes:
        steps: ``(n, 7)`` int64: depth in the tree, axis of the link, whether it is passed backwards, row of
            ``neighbours``, shift along the inner axis, whether a longer path goes on from here, index among the paths
            of all sums of the one that ends here or -1.
        coefficients: ``(n,)`` float64, coefficient of the paths that end at the instruction.
        neighbours: ``(n_displacements, rows)`` int64, the row beside each row.
        bounds: ``(n_sums + 1,)`` int64, first instruction of each sum.
        depth: number of links of the longest path.
        weighted: () or (0,): its type tells compiled code whether the factors take the place of the coefficients.
        factors: reals ``(n_paths, rows, T')`` flattened, the coefficient of each path at each site.
    """

    steps: NDArray[np.int64]
    coefficients: NDArray[np.float64]
    neighbours: NDArray[np.int64]
    bounds: NDArray[np.int64]
    depth: int
    weighted: tuple[int, ...]
    factors: NDArray[Any]


def reaches(paths: Sequence[Path], start: Sequence[int]) -> list[int]:
    """For each axis the largest distance from the origin of a link that the paths pass."""
    reach = [0] * len(start)
    for path in paths:
        for _, _, place in visited_links(path, start):
            reach = [max(old, abs(new)) for old, new in zip(reach, place, strict=True)]
    return reach


def compile_paths(
    sums: Sequence[tuple[Sequence[int], WeightedPaths]], layout: RowLayout, factors: NDArray[Any]
) -> Program:
    """The program for sums of coefficient times path, each given by the start of its paths relative to x.

    ``factors`` ``(n_paths, rows, T')`` take the place of the coefficients if there are any; a path stands once then.
    """
    places: dict[tuple[int, ...], int] = {}
    steps: list[tuple[int, ...]] = []
    coefficients: list[float] = []
    bounds = [0]

    paths_before = 0

    def walk(node: PathNode, place: Sequence[int], depth: int, weights: Sequence[float]) -> None:
        for step, child in node.children.items():
            ((axis, backward, owner),) = visited_links((step,), place)
            row = tuple(0 if a == layout.inner else d for a, d in enumerate(owner))
            index = places.setdefault(row, len(places))
            end = paths_before + child.ends[0] if child.ends else -1
            steps.append((depth, axis, backward, index, owner[layout.inner], bool(child.children), end))
            coefficients.append(sum(weights[k] for k in child.ends))
            after = [d + (a == axis) * (1 if step > 0 else -1) for a, d in enumerate(place)]
            walk(child, after, depth + 1, weights)

    trees = [path_tree([path for path, _ in paths]) for _, paths in sums]
    for tree, (start, paths) in zip(trees, sums, strict=True):
        walk(tree, start, 0, [weight for _, weight in paths])
        paths_before += len(paths)
        bounds.append(len(steps))
    return Program(
        steps=np.array(steps, dtype=np.int64).reshape(-1, 7),
        coefficients=np.array(coefficients, dtype=np.float64),
        neighbours=layout.neighbour_rows(list(places)),
        bounds=np.array(bounds),
        depth=max((tree.depth() for tree in trees), default=0),
        weighted=(0,) * bool(len(factors)),
        factors=factors.ravel(),
    )
