"""Character expansion of the Wilson weight of one plaquette, for U(1) and SU(N).

    exp(-beta (1 - (1/N) Re tr U)) = sum_r d_r a_r(beta) chi_r(U)

For beta > 0 every a_r is positive (the exponential of chi_f + conj(chi_f) holds only tensor products of irreps), none
exceeds that of the trivial irrep, and U = 1 gives the sum rule ``sum_r d_r^2 a_r = 1``. The irreps not yet visited
therefore have a_r <= (1 - covered) / d^2, with d their smallest dimension: this bounds every truncation made here.

For beta < 0 the coefficients are those of ``exp(-|beta| (1 + (1/N) Re tr U))``, which lacks a factor exp(2 |beta|).
They have signs, and none exceeds in magnitude the one at |beta|, whose bounds serve here too.

Sources: Gross and Witten, Phys. Rev. D 21 (1980) 446; Bars and Green, Phys. Rev. D 20 (1979) 3311 (determinants of
Bessel functions); Drouffe and Zuber, Phys. Rep. 102 (1983) 1.
"""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import combinations, count, pairwise
from math import asinh, hypot, log, prod
from typing import Any, Protocol

import numpy as np
from mpmath import mp, mpf

__all__ = ["Characters", "Irrep", "get_characters"]

Irrep = tuple[int, ...]


class IrrepSystem(Protocol):
    """Labels of a group's irreps and the little representation theory that two dimensions need."""

    @property
    def n(self) -> int: ...

    def trivial(self) -> Irrep: ...

    def successors(self, irrep: Irrep) -> list[Irrep]:
        """Larger irreps; from the trivial one they reach every irrep, dimension and Casimir never falling."""
        ...

    def conjugate(self, irrep: Irrep) -> Irrep: ...

    def casimir(self, irrep: Irrep) -> int:
        """The quadratic Casimir times an integer common to the group: the order of visit."""
        ...

    def dimension(self, irrep: Irrep) -> int: ...

    def neighbours(self, irrep: Irrep, charge: int = 1) -> list[Irrep]:
        """The irreps s whose product with the loop's irrep holds `irrep` (once each)."""
        ...

    def coefficient(self, irrep: Irrep, bessel: "ScaledBessel") -> mpf:
        """a_r of the module's expansion."""
        ...


class ScaledBessel:
    """``exp(-|x|) I_k(x)`` of integer order in the precision of its making, remembered."""

    def __init__(self, x: mpf) -> None:
        self.x = x

    def __call__(self, order: int) -> mpf:
        order = abs(order)
        numerators, norm = self._recurrence
        if order < len(numerators):
            return mpf(numerators[order]) / norm
        return mp.exp(-abs(self.x)) * mp.besseli(order, self.x)

    @cached_property
    def cutoff(self) -> int:
        """The first order whose magnitude is below the working precision (they fall in the order)."""
        return next(order for order in count() if abs(self(order)) < mp.eps)

    @cached_property
    def fixed_point(self) -> np.ndarray:
        """Python integers ``2^prec exp(-|x|) I_k(x)`` for k = 0 .. cutoff: sums of products of them are exact."""
        numerators, norm = self._recurrence
        return np.array([(n << mp.prec) // norm for n in numerators[: self.cutoff + 1]], dtype=object)

    @cached_property
    def bits(self) -> np.ndarray:
        """The length of each of these integers."""
        return np.array([abs(value).bit_length() for value in self.fixed_point])

    @cached_property
    def _recurrence(self) -> tuple[list[int], int]:
        """Integers in the ratio of the I_k(x) for k = 0 .. beyond the cutoff, and what they are to be divided by.

        Miller's algorithm: ``I_{k-1} = I_{k+1} + (2k/x) I_k`` downwards from any start far above, the scale from
        ``I_0(|x|) + 2 sum_k I_k(|x|) = exp(|x|)``. A few operations for each order, however large x is.
        """
        x, bits = abs(self.x), 2 * mp.prec + 64
        if x == 0:
            return [1, 0], 1
        with mp.workprec(2 * bits):
            step = int(mp.ldexp(2 / x, bits))
        found = [0, 1 << mp.prec]
        for k in range(_negligible_order(float(x), bits), 0, -1):
            found.append(found[-2] + (k * step * found[-1] >> bits))
        found = found[:0:-1]
        norm = 2 * sum(found) - found[0]
        if self.x < 0:
            found[1::2] = [-value for value in found[1::2]]
        return found, norm


def _negligible_order(x: float, bits: int) -> int:
    """An order k at which ``exp(-x) I_k(x)``, about ``exp(sqrt(k^2 + x^2) - x - k asinh(k / x))``, is below 2^-bits."""

    def lost(k: float) -> float:
        return k * asinh(k / x) - k * k / (hypot(k, x) + x)

    k = 2.0
    while lost(k) < log(2) * bits:
        k *= 1.1
    return int(k) + 1


@dataclass(frozen=True)
class U1Irreps:
    """Charges k in Z; a_k = exp(-beta) I_k(beta)."""

    n: int = 1

    def trivial(self) -> Irrep:
        return (0,)

    def successors(self, irrep: Irrep) -> list[Irrep]:
        (k,) = irrep
        return [(s,) for s in (k - 1, k + 1) if abs(s) > abs(k)]

    def conjugate(self, irrep: Irrep) -> Irrep:
        return (-irrep[0],)

    def casimir(self, irrep: Irrep) -> int:
        return irrep[0] ** 2

    def dimension(self, irrep: Irrep) -> int:
        return 1

    def neighbours(self, irrep: Irrep, charge: int = 1) -> list[Irrep]:
        return [(irrep[0] - charge,)]

    def coefficient(self, irrep: Irrep, bessel: ScaledBessel) -> mpf:
        return bessel(irrep[0])


@dataclass(frozen=True)
class SUNIrreps:
    """Young diagrams, as N row lengths lambda_1 >= ... >= lambda_N = 0."""

    n: int

    def trivial(self) -> Irrep:
        return (0,) * self.n

    def successors(self, irrep: Irrep) -> list[Irrep]:
        """One column of 1 .. N-1 boxes more, which is one Dynkin label raised by one."""
        return [tuple(row + (i < c) for i, row in enumerate(irrep)) for c in range(1, self.n)]

    def conjugate(self, irrep: Irrep) -> Irrep:
        return tuple(irrep[0] - row for row in reversed(irrep))

    def casimir(self, irrep: Irrep) -> int:
        boxes = sum(irrep)
        return self.n * sum(row * (row - 2 * i + self.n - 1) for i, row in enumerate(irrep)) - boxes**2

    def dimension(self, irrep: Irrep) -> int:
        """Weyl's formula."""
        pairs = list(combinations(range(self.n), 2))
        return prod(irrep[i] - irrep[j] + j - i for i, j in pairs) // prod(j - i for i, j in pairs)

    def neighbours(self, irrep: Irrep, charge: int = 1) -> list[Irrep]:
        """One box fewer; a box taken from the empty last row leaves a full column over all the other rows."""
        smaller = [
            tuple(row - (i == k) for i, row in enumerate(irrep))
            for k, (row, below) in enumerate(pairwise(irrep))
            if row > below
        ]
        return [*smaller, (*(row + 1 for row in irrep[:-1]), 0)]

    def coefficient(self, irrep: Irrep, bessel: ScaledBessel) -> mpf:
        """``(1/d_r) sum_l det_ij [exp(-x) I_{lambda_j - j + i + l}(x)]``, x = beta/N.

        The determinant is the coefficient over U(N); irreps of U(N) that differ by powers l of the determinant
        are one irrep of SU(N). All l at once, in exact integers; those l are left out for which the product of
        the largest entries of the columns is below the working precision. Where beta is large the summand is so
        smooth that one l in `stride` gives the same sum.
        """
        table = bessel.fixed_point
        last, prec = len(table) - 1, mp.prec
        columns = np.array([row - j for j, row in enumerate(irrep)])
        stride = self._stride(bessel.x)
        windings = np.arange(-last - self.n, last - irrep[0] + self.n + 1, stride)
        first = columns[:, None] + windings  # the order in row 0, (N, windings)
        nearest = np.clip(np.maximum(first, 1 - self.n - first), 0, last)
        bits = bessel.bits[nearest].sum(axis=0)
        first = first[:, bits > prec * (self.n - 1) - 20]
        rows = [[table[np.minimum(abs(column + i), last)] for column in first] for i in range(self.n)]
        total = stride * int(_determinant(rows).sum())
        return mp.ldexp(mpf(total), -self.n * prec) / self.dimension(irrep)

    def _stride(self, x: mpf) -> int:
        """The largest step h of the winding l whose aliases are below the working precision.

        They are about ``exp(-N x (1 - cos(2 pi / (h N))))`` of the sum. It is 1 where signs alternate.
        """
        bits = mp.prec + 64
        most = int(2 * mp.pi / (self.n * mp.acos(max(-1, 1 - bits * mp.log(2) / (self.n * x))))) if x > 0 else 1
        return max(1, most)


def get_irreps(n: int) -> IrrepSystem:
    """The irreps of U(1) (n = 1) or SU(n)."""
    return U1Irreps() if n == 1 else SUNIrreps(n)


def _determinant(rows: list[list[np.ndarray]]) -> np.ndarray:
    """Laplace expansion over sets of columns, each entry an array over windings: integers stay integers."""
    size = len(rows)
    minors: dict[int, Any] = {0: 1}  # bit set of the columns used by the rows so far -> minor
    for row in rows:
        larger: dict[int, Any] = {}
        for used, minor in minors.items():
            for j in range(size):
                if used >> j & 1:
                    continue
                term = -minor * row[j] if (used >> j).bit_count() % 2 else minor * row[j]
                larger[used | 1 << j] = larger.get(used | 1 << j, 0) + term
        minors = larger
    return minors[(1 << size) - 1]


class Characters:
    """Coefficients a_r / a_0 of one group at one coupling, irreps visited in the order of their Casimir.

    Evaluate inside ``mpmath.workdps(dps)`` with the dps of the making (see `get_characters`).
    """

    def __init__(self, system: IrrepSystem, beta: mpf) -> None:
        self.system = system
        self.bessel = ScaledBessel(beta / system.n)
        self._ratios: dict[Irrep, mpf] = {}
        self.trivial = system.coefficient(system.trivial(), self.bessel)
        self._visited: list[tuple[Irrep, mpf]] = []
        self._visit = self._walk() if beta >= 0 else self._walk_of(get_characters(system.n, -beta, mp.dps))

    def ratio(self, irrep: Irrep) -> mpf:
        """a_r / a_0, in (0, 1] for beta > 0."""
        if irrep not in self._ratios:
            value = self.system.coefficient(irrep, self.bessel) / self.trivial
            self._ratios[irrep] = value
            self._ratios[self.system.conjugate(irrep)] = value
        return self._ratios[irrep]

    def irreps(self) -> Iterator[tuple[Irrep, mpf]]:
        """Pairs (irrep, rest): `rest` bounds |a_r / a_0| of every later irrep, and the sum of them all."""
        for i in count():
            if i == len(self._visited):
                self._visited.append(next(self._visit))
            yield self._visited[i]

    def _walk(self) -> Iterator[tuple[Irrep, mpf]]:
        first = self.system.trivial()
        frontier, seen = [(0, first, 1)], {first}
        uncovered = mpf(1)
        while True:
            _, irrep, dimension = heapq.heappop(frontier)
            for larger in self.system.successors(irrep):
                if larger not in seen:
                    seen.add(larger)
                    entry = (self.system.casimir(larger), larger, self.system.dimension(larger))
                    heapq.heappush(frontier, entry)
            uncovered -= dimension**2 * self.ratio(irrep) * self.trivial
            # Every irrep not visited lies above one of the frontier; rounding must not make the bound zero.
            smallest = min(d for _, _, d in frontier)
            yield irrep, (max(uncovered, mpf(0)) + 1000 * mp.eps) / self.trivial / smallest**2

    def _walk_of(self, larger: "Characters") -> Iterator[tuple[Irrep, mpf]]:
        """The walk at |beta|, with bounds for the smaller coefficients here."""
        for irrep, rest in larger.irreps():
            yield irrep, rest * larger.trivial / self.trivial


@lru_cache(maxsize=256)
def get_characters(n: int, beta: mpf, dps: int) -> Characters:
    """The expansion for U(1) (n = 1) or SU(n), shared by all who ask for the same coupling and precision."""
    with mp.workdps(dps):
        return Characters(get_irreps(n), beta)
