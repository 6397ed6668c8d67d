"""Lattices of sites on a line or in the plane, with bonds, boundaries and the permutations that keep them."""

import cmath
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gaugeflow.errors import UserError

__all__ = ["BOUNDARIES", "KINDS", "Lattice", "lattice"]

KINDS: dict[str, list[tuple[int, ...]]] = {
    "chain": [(1,)],
    "square": [(1, 0), (0, 1)],
    "triangular": [(1, 0), (0, 1), (-1, 1)],
}
"""Displacements to half of the neighbours; the other half are their opposites."""
BOUNDARIES = ("periodic", "antiperiodic", "open")
HEXAGON = ((0, -1), (1, 1))
"""The turn by 60 degrees of the triangular lattice in the axes of its displacements."""


@dataclass(frozen=True, eq=False)
class Lattice:
    """Sites and bonds ``(i, j, phase)``: a particle that goes from i to j takes the phase; a bond may come twice.

    Attributes:
        kind: "chain", "square" or "triangular".
        vectors: what closes the torus, integers ``(d, d)``, a vector a row.
        places: of the sites, integers ``(sites, d)``.
        notes: what a reader should know.
    """

    kind: str
    vectors: np.ndarray
    places: np.ndarray
    bonds: tuple[tuple[int, int, complex], ...]
    boundary: tuple[str | float, ...]
    notes: tuple[str, ...] = ()

    @property
    def sites(self) -> int:
        return len(self.places)

    @property
    def dimension(self) -> int:
        return self.places.shape[1]

    @cached_property
    def hopping(self) -> np.ndarray:
        """``T[j, i]``, the sum of the phases of all bonds from i to j and of their adjoints, hermitian."""
        matrix = np.zeros((self.sites, self.sites), dtype=complex)
        for i, j, phase in self.bonds:
            matrix[j, i] += phase
            matrix[i, j] += np.conj(phase)
        return matrix

    @cached_property
    def neighbours(self) -> Tensor:
        """Of each site, filled up with the site itself, ``(sites, most)``; one behind two bonds stands twice."""
        found: list[list[int]] = [[] for _ in range(self.sites)]
        for i, j, _ in self.bonds:
            found[i].append(j)
            found[j].append(i)
        most = max(map(len, found))
        return torch.tensor([row + [i] * (most - len(row)) for i, row in enumerate(found)])

    @cached_property
    def steps(self) -> Tensor:
        """Where each displacement and its opposite lead, ``(sites, 2 k)``; the number of sites beyond an open end."""
        index = {tuple(place): i for i, place in enumerate(self.places)}
        table = []
        for place in self.places:
            moved = [_reduced(place + sign * np.array(s), self.vectors) for s in KINDS[self.kind] for sign in (1, -1)]
            beyond = [_phase(self.boundary, winding) is None for _, winding in moved]
            table.append([self.sites if end else index[tuple(at)] for (at, _), end in zip(moved, beyond, strict=True)])
        return torch.tensor(table)

    @property
    def translations(self) -> Tensor:
        """Permutations of the sites ``(k, sites)``, ``p[i]`` where site i goes, that shift all and keep all bonds."""
        return self._kept([(np.eye(self.dimension, dtype=int), place) for place in self.places])[1]

    @property
    def point_group(self) -> Tensor:
        """Turns and mirrors about site 0 that keep all bonds, as permutations ``(k, sites)``; the identity first."""
        return self.point_motions[2]

    @property
    def point_motions(self) -> tuple[Tensor, Tensor, Tensor]:
        """Each of the point group as ``r^j s^m``: j and m ``(k,)``, with r the smallest turn of the infinite lattice
        and s its first mirror, and the permutation ``(k, sites)``."""
        matrices = _matrices(self.kind)
        kept, orders = self._kept([(matrix, np.zeros(self.dimension, dtype=int)) for matrix in matrices])
        turns = len(matrices) // 2
        return kept % turns, kept // turns, orders

    @cached_property
    def pair_classes(self) -> Tensor:
        """A number for each pair of sites ``(sites, sites)``, equal where a permutation of the lattice takes one pair
        to the other or exchanges the two."""
        moves = [p.numpy() for p in (*self.translations, *self.point_group)]
        n, classes = self.sites, np.full((self.sites, self.sites), -1)
        for number, start in enumerate(itertools.product(range(n), repeat=2)):
            waiting = [start]
            while waiting:
                i, j = waiting.pop()
                if classes[i, j] < 0:
                    classes[i, j] = number
                    waiting += [(j, i), *((p[i], p[j]) for p in moves)]
        return torch.from_numpy(np.unique(classes, return_inverse=True)[1].reshape(n, n))

    def momenta(self) -> np.ndarray:
        """The momenta that periodic sites have, ``(sites, d)`` in units of 2 pi: ``k = vectors^-1 m``."""
        inverse, n = np.linalg.inv(self.vectors.astype(float)), self.sites
        grid = itertools.product(range(-self.sites, self.sites + 1), repeat=self.dimension)
        found = {tuple(np.rint(n * (inverse @ m)).astype(int) % n) for m in map(np.array, grid)}
        return np.array(sorted(found)) / n

    def _kept(self, motions: Sequence[tuple[np.ndarray, np.ndarray]]) -> tuple[Tensor, Tensor]:
        """The numbers of the motions that keep all bonds, and their permutations."""
        index = {tuple(place): i for i, place in enumerate(self.places)}
        numbers: list[int] = []
        found: list[list[int]] = []
        for number, (matrix, shift) in enumerate(motions):
            moved = [tuple(_reduced(matrix @ place + shift, self.vectors)[0]) for place in self.places]
            order = [index[place] for place in moved]
            same = len(set(order)) == self.sites and np.allclose(self.hopping[np.ix_(order, order)], self.hopping)
            if same:
                numbers.append(number)
                found.append(order)
        return torch.tensor(numbers), torch.tensor(found)


def lattice(
    kind: str,
    shape: Sequence[int] | None = None,
    vectors: Sequence[Sequence[int]] | None = None,
    boundary: str | float | Sequence[str | float] = "periodic",
) -> Lattice:
    """A lattice by its extents, or by the vectors that close a tilted torus, as ((3, 1), (-1, 3)) of sqrt(10).

    Args:
        boundary: "periodic", "antiperiodic", "open", or the angle of a twist in radians; one, or one for each axis. A
            twist is spread over all bonds, so that translations keep them.

    Raises:
        UserError: an unknown kind or boundary, extents below two, or vectors that span nothing.
    """
    if kind not in KINDS:
        raise UserError(f"lattice: expected one of {', '.join(KINDS)}, came {kind!r}")
    d = len(KINDS[kind][0])
    closing = _closing(kind, d, shape, vectors)
    given = [boundary] * d if isinstance(boundary, str | float | int) else list(boundary)
    if len(given) != d or any(isinstance(b, str) and b not in BOUNDARIES for b in given):
        raise UserError(
            f"lattice: expected a boundary of {', '.join(BOUNDARIES)} or an angle for each of {d} axes, came {boundary}"
        )
    places = _places(closing)
    index = {tuple(place): i for i, place in enumerate(places)}
    field = _field(given, closing)
    bonds: list[tuple[int, int, complex]] = []
    for i, place in enumerate(places):
        for step in KINDS[kind]:
            target, winding = _reduced(place + np.array(step), closing)
            phase = _phase(given, winding)
            if phase is not None:
                bonds.append((i, index[tuple(target)], phase * cmath.exp(1j * float(field @ step))))
    if any(i == j for i, j, _ in bonds):
        raise UserError(
            f"lattice: expected extents of at least two, came a bond from a site to itself in {closing.tolist()}"
        )
    pairs = [frozenset(bond[:2]) for bond in bonds]
    doubled = len(pairs) - len(set(pairs))
    notes = (
        (f"{doubled} pairs of sites have two bonds, as an extent of 2 with a closed boundary has",) if doubled else ()
    )
    return Lattice(kind, closing, places, tuple(bonds), tuple(given), notes)


def _closing(kind: str, d: int, shape: Sequence[int] | None, vectors: Sequence[Sequence[int]] | None) -> np.ndarray:
    if (shape is None) == (vectors is None):
        raise UserError(f"lattice: expected the shape or the vectors of the {kind} lattice, came both or none")
    made: Any = np.diag(list(shape)) if shape is not None else np.array(vectors, dtype=int)
    if made.shape != (d, d) or abs(round(np.linalg.det(made))) < 2 or (shape is not None and min(shape) < 2):
        raise UserError(
            f"lattice: expected {d} extents of at least two or {d} independent vectors, came {shape or vectors}"
        )
    return made


def _places(vectors: np.ndarray) -> np.ndarray:
    """The sites of a torus in the order of their coordinates, each nearest to the origin's corner."""
    reach = int(np.abs(vectors).sum())
    d = len(vectors)
    found = {tuple(_reduced(np.array(p), vectors)[0]) for p in itertools.product(range(-reach, reach + 1), repeat=d)}
    return np.array(sorted(found))


def _reduced(place: np.ndarray, vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The same place inside the torus, and how often each vector was passed."""
    winding = np.floor(np.linalg.solve(vectors.T.astype(float), place) + 1e-9).astype(int)
    return place - winding @ vectors, winding


def _phase(boundary: Sequence[str | float], winding: np.ndarray) -> float | None:
    """Of a bond that passes the vectors so often, but for a twist; None where there is none."""
    phase = 1.0
    for kind, times in zip(boundary, winding, strict=True):
        if kind == "open" and times:
            return None
        if kind == "antiperiodic":
            phase *= (-1) ** int(abs(times))
    return phase


def _field(boundary: Sequence[str | float], vectors: np.ndarray) -> np.ndarray:
    """A ``(d,)``, where a step s takes the phase ``exp(i A s)``: once around a vector it is the angle of the twist."""
    angles = [0.0 if isinstance(kind, str) else float(kind) for kind in boundary]
    return np.linalg.solve(vectors.astype(float), np.array(angles))


def _matrices(kind: str) -> list[np.ndarray]:
    """Turns and mirrors of the infinite lattice, the identity first."""
    if kind == "chain":
        return [np.array([[1]]), np.array([[-1]])]
    turn = np.array(HEXAGON) if kind == "triangular" else np.array([[0, -1], [1, 0]])
    turns = [np.linalg.matrix_power(turn, k) for k in range(6 if kind == "triangular" else 4)]
    mirror = np.array([[0, 1], [1, 0]] if kind == "triangular" else [[1, 0], [0, -1]])
    return [*turns, *(t @ mirror for t in turns)]
