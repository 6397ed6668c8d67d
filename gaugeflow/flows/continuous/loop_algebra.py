"""Products of Wilson loops as symbols: translations, complex conjugation, and the Laplacian in closed form.

A *monomial* is a product of normalised traces ``(1/N) tr W_i(x + d_i)``; what it stands for is the real part of its sum
over all sites x. A derivative along ``U -> exp(i w_a T_a) U`` puts a generator into a loop, and the sum over a is the
completeness relation ``sum_a (T_a)_ij (T_a)_kl = A d_il d_jk - B d_ij d_kl`` with ``A = 1/2, B = 1/(2N)`` for SU(N) and
``A = 1, B = 0`` for U(1): two generators in one loop split it, one in each of two loops joins them. Hence the Laplacian
``sum_a d_a d_a`` of a monomial is a sum of monomials, exact on any torus, also where loops wind round it or meet
themselves. A loop of length l that passes no link twice is an eigenfunction, ``Lap w = -(A N - B) l w``.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import permutations, product
from typing import NamedTuple

from gaugeflow.groups import Group
from gaugeflow.kernels import Path

__all__ = ["LoopAlgebra", "Monomial", "images"]

Site = tuple[int, ...]
Loop = tuple[Path, Site]
"""A closed path and the site where it starts."""
Monomial = tuple[Loop, ...]
"""A product of normalised traces; the empty product is 1."""


class Passage(NamedTuple):
    """One passage of a loop through a link: where, in which direction, and where in the path its generator goes."""

    axis: int
    owner: Site
    sign: int
    cut: int


class LoopAlgebra:
    """The algebra of loops on a torus, or on the infinite lattice.

    Args:
        group: U(1) or SU(N), which enters through the completeness relation.
        ndim: dimension D.
        shape: extents of the torus, or None.
    """

    def __init__(self, group: Group, ndim: int, shape: Sequence[int] | None = None) -> None:
        self.n, self.ndim, self.shape = group.n, ndim, None if shape is None else tuple(shape)
        self.exchange, self.trace = (1.0, 0.0) if group.n == 1 else (0.5, 0.5 / group.n)

    def canonical(self, monomial: Sequence[Loop]) -> Monomial:
        """The representative of a monomial under translations, conjugation, starting points and backtracking."""
        loops = [loop for loop in (self._reduced(*loop) for loop in monomial) if loop[0]]
        conjugate = [(tuple(-step for step in reversed(path)), start) for path, start in loops]
        return min(self._translated([self._rotated(*loop) for loop in some]) for some in (loops, conjugate))

    def laplacian(self, monomial: Monomial) -> dict[Monomial, float]:
        """``sum_a d_a d_a`` of a monomial over all links, as coefficients of canonical monomials."""
        total: dict[Monomial, float] = defaultdict(float)
        passages = [self._passages(*loop) for loop in monomial]
        casimir = self.exchange * self.n - self.trace
        total[self.canonical(monomial)] -= casimir * sum(len(path) for path, _ in monomial)
        for i, loop in enumerate(monomial):
            rest = monomial[:i] + monomial[i + 1 :]
            for a, b in _meetings(passages[i], passages[i]):
                if a < b:
                    sign = 2 * passages[i][a].sign * passages[i][b].sign
                    pieces = self._split(loop, passages[i][a].cut, passages[i][b].cut)
                    total[self.canonical((*rest, *pieces))] -= sign * self.exchange * self.n
                    total[self.canonical(monomial)] += sign * self.trace
            for j in range(i):
                others = monomial[:j] + monomial[j + 1 : i] + monomial[i + 1 :]
                for a, b in _meetings(passages[i], passages[j]):
                    sign = 2 * passages[i][a].sign * passages[j][b].sign
                    joined = self._joined(loop, passages[i][a].cut, monomial[j], passages[j][b].cut)
                    total[self.canonical((*others, joined))] -= sign * self.exchange / self.n
                    total[self.canonical(monomial)] += sign * self.trace
        return {m: c for m, c in total.items() if abs(c) > 1e-12}

    def contractions(self, one: Monomial, other: Monomial) -> Iterator[Monomial]:
        """The monomials in ``sum_a (d_a A)(d_a B)`` of two monomials at fixed places, without their coefficients."""
        for i, loop in enumerate(one):
            for j, partner in enumerate(other):
                rest = (*one[:i], *one[i + 1 :], *other[:j], *other[j + 1 :])
                passages, partners = self._passages(*loop), self._passages(*partner)
                for a, b in _meetings(passages, partners):
                    yield self.canonical((*rest, self._joined(loop, passages[a].cut, partner, partners[b].cut)))
                    if self.trace:
                        yield self.canonical((*one, *other))

    def meetings(self, monomial: Monomial, loop: Path) -> set[Loop]:
        """The translates of a loop that share a link with a monomial."""
        origin = (0,) * self.ndim
        found = set()
        for path, start in monomial:
            for passage in self._passages(path, start):
                for other in self._passages(loop, origin):
                    if passage.axis == other.axis:
                        place = tuple(p - o for p, o in zip(passage.owner, other.owner, strict=True))
                        found.add((loop, self._wrapped(place)))
        return found

    def _wrapped(self, site: Sequence[int]) -> Site:
        if self.shape is None:
            return tuple(site)
        return tuple(s % extent for s, extent in zip(site, self.shape, strict=True))

    def _sites(self, path: Path, start: Site) -> list[Site]:
        """The sites that a path visits, first and last one included."""
        places = [list(start)]
        for step in path:
            places.append(list(places[-1]))
            places[-1][abs(step) - 1] += 1 if step > 0 else -1
        return [self._wrapped(place) for place in places]

    def _passages(self, path: Path, start: Site) -> list[Passage]:
        sites = self._sites(path, start)
        return [
            Passage(abs(step) - 1, sites[k + (step < 0)], 1 if step > 0 else -1, k + (step < 0))
            for k, step in enumerate(path)
        ]

    def _reduced(self, path: Path, start: Site) -> Loop:
        """Without steps that are walked forth and back at once."""
        steps: list[int] = []
        for step in path:
            if steps and steps[-1] == -step:
                steps.pop()
            else:
                steps.append(step)
        while len(steps) > 1 and steps[0] == -steps[-1]:
            start = self._sites((steps[0],), start)[1]
            steps = steps[1:-1]
        return tuple(steps), self._wrapped(start)

    def _rotated(self, path: Path, start: Site) -> Loop:
        """The starting point with the smallest path, and among equal ones the smallest site."""
        sites = self._sites(path, start)
        return min((path[k:] + path[:k], sites[k]) for k in range(len(path)))

    def _translated(self, loops: Sequence[Loop]) -> Monomial:
        def moved(origin: Site) -> Monomial:
            shifted = ((path, tuple(s - o for s, o in zip(start, origin, strict=True))) for path, start in loops)
            return tuple(sorted((path, self._wrapped(start)) for path, start in shifted))

        return min((moved(start) for _, start in loops), default=())

    def _split(self, loop: Loop, first: int, second: int) -> tuple[Loop, Loop]:
        """The two loops between two cuts at one site."""
        path, start = loop
        first, second = min(first, second), max(first, second)
        site = self._sites(path, start)[first]
        return (path[first:second], site), (path[second:] + path[:first], site)

    def _joined(self, one: Loop, cut: int, other: Loop, other_cut: int) -> Loop:
        """The two loops, walked one after the other from the site of their cuts."""
        (a, start), (b, _) = one, other
        return a[cut:] + a[:cut] + b[other_cut:] + b[:other_cut], self._sites(a, start)[cut]


def images(monomial: Monomial, algebra: LoopAlgebra) -> tuple[Monomial, ...]:
    """All different images under permutations and reflections of the axes, canonical."""
    found = set()
    for axes in permutations(range(algebra.ndim)):
        for signs in product((1, -1), repeat=algebra.ndim):
            found.add(algebra.canonical([_image(*loop, axes, signs) for loop in monomial]))
    return tuple(sorted(found))


def _image(path: Path, start: Site, axes: Sequence[int], signs: Sequence[int]) -> Loop:
    steps = tuple((1 if s > 0 else -1) * signs[axes[abs(s) - 1]] * (axes[abs(s) - 1] + 1) for s in path)
    site = [0] * len(axes)
    for axis, place in enumerate(start):
        site[axes[axis]] = signs[axes[axis]] * place
    return steps, tuple(site)


def _meetings(one: Sequence[Passage], other: Sequence[Passage]) -> Iterator[tuple[int, int]]:
    """Pairs of passages through one and the same link."""
    for a, first in enumerate(one):
        for b, second in enumerate(other):
            if first[:2] == second[:2]:
                yield a, b
