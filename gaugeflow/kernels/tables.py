"""The plain data that tells a kernel which paths to multiply: staple tables, and trees that share sub-paths."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from torch import Tensor

from gaugeflow.errors import UserError

__all__ = [
    "Path",
    "PathNode",
    "Profile",
    "Region",
    "Staples",
    "check_loops",
    "check_paths",
    "check_staples",
    "path_tree",
    "visited_links",
]

Path = tuple[int, ...]
"""Signed steps: ``+(mu + 1)`` forward along axis mu, ``-(mu + 1)`` back."""
Staples = tuple[tuple[tuple[Path, float], ...], ...]
"""For each axis mu the (path, coefficient) pairs; every path leads from x + mu back to x."""


class Profile(Protocol):
    """Factors of the loops of an action by where they lie; hashable, because kernels are kept by it."""

    def __hash__(self) -> int: ...

    def __call__(self, shape: tuple[int, ...], loop: Path) -> Tensor:
        """The factor of `loop` from each site as its start, float64 ``shape``.

        It belongs to the loop: the same from whichever of its sites, and in whichever direction, it is walked.
        """
        ...


class Region(Protocol):
    """Links that a sweep visits; hashable, because kernels keep the colours of its links by it."""

    def __hash__(self) -> int: ...

    def __call__(self, shape: tuple[int, ...]) -> Tensor:
        """Which links, bool ``(D, *shape)``."""
        ...


@dataclass
class PathNode:
    """One prefix of a set of paths: the prefixes one step longer, and the paths that end here."""

    children: dict[int, "PathNode"] = field(default_factory=dict)
    ends: list[int] = field(default_factory=list)

    def depth(self) -> int:
        return 1 + max((child.depth() for child in self.children.values()), default=-1)


def path_tree(paths: Sequence[Path]) -> PathNode:
    """The prefix tree of ``paths``: a prefix that several of them share is one node."""
    root = PathNode()
    for index, path in enumerate(paths):
        node = root
        for step in path:
            node = node.children.setdefault(step, PathNode())
        node.ends.append(index)
    return root


def visited_links(path: Path, start: Sequence[int]) -> Iterator[tuple[int, bool, tuple[int, ...]]]:
    """The links that ``path`` passes: (axis, against its direction, displacement of the site that owns the link)."""
    place = list(start)
    for step in path:
        axis = abs(step) - 1
        if step < 0:
            place[axis] -= 1
        yield axis, step < 0, tuple(place)
        if step > 0:
            place[axis] += 1


def check_paths(paths: Sequence[Path], ndim: int) -> None:
    """Raises UserError where a step is not one of +-1 ... +-ndim."""
    for path in paths:
        if any(step == 0 or abs(step) > ndim for step in path):
            raise UserError(f"path {path}: expected steps +-1 ... +-{ndim} on a lattice of {ndim} axes")


def check_loops(loops: Sequence[Path], shape: Sequence[int]) -> None:
    """Raises UserError where a path is empty or does not come back to where it starts on the torus."""
    check_paths(loops, len(shape))
    for loop in loops:
        end = [loop.count(axis + 1) - loop.count(-axis - 1) for axis in range(len(shape))]
        if not loop or any(steps % extent for steps, extent in zip(end, shape, strict=True)):
            raise UserError(
                f"loop {loop}: expected a path that closes on the lattice {tuple(shape)}, ends at x + {end}"
            )


def check_staples(staples: Staples, ndim: int) -> Staples:
    """The table as nested tuples of plain numbers.

    Raises:
        UserError: not one row per axis, a step that does not exist, or a path that does not lead from x + mu to x.
    """
    if len(staples) != ndim:
        raise UserError(f"staple table: expected one row for each of the {ndim} axes, got {len(staples)}")
    table = tuple(tuple((tuple(map(int, path)), float(c)) for path, c in row) for row in staples)
    for mu, row in enumerate(table):
        check_paths([path for path, _ in row], ndim)
        for path, _ in row:
            end = [path.count(axis + 1) - path.count(-axis - 1) + (axis == mu) for axis in range(ndim)]
            if any(end) or not path:
                raise UserError(f"staple {path} of axis {mu}: expected a path from x + {mu} to x, ends at x + {end}")
    return table
