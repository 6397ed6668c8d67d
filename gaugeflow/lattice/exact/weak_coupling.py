"""Sums over irreps at weak coupling, where the coefficients are so smooth that double precision serves.

At large beta ``log(a_r / a_0)`` is an asymptotic series in 1/beta whose coefficients are polynomials in the Casimirs of
r (Gaussian to first order: ``-N C_2 / beta``). They are taken from some exact coefficients, and others test them: where
the polynomial does not hold to the digits asked for, there is no such series here and the exact sums of `solution`
serve. A sum over millions of irreps is then one over a few arrays.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, pi, sqrt

import numpy as np
from mpmath import mp, mpf
from numpy.typing import NDArray

from gaugeflow.errors import UserError
from gaugeflow.lattice.exact.characters import Characters, Irrep, get_characters

__all__ = ["WeakCoupling", "charge_weights", "weak_coupling"]

DEGREES = (3, 6, 9)
"""In the quadratic Casimir: the first that serves is taken."""
EXPONENT = 45.0
"""Terms below exp(-EXPONENT) of the largest are left out."""
LEAST = 600.0
"""The quadratic Casimir up to which the series is held at least: enough irreps to fix it and to test it."""
TOLERANCE = 1e-14
"""Of the exponent of a term."""
DIGITS = 60
"""Of the exact coefficients from which a series of the charge is made."""
MOST_IRREPS = 3e7
CROSSING = {1: 1000.0, 2: 1500.0, 3: 100.0}
"""The beta from which a group's series is tried: below, the exact sums take less than a second."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Labels:
    """How the irreps of a group are numbered here: by k for U(1), by the Dynkin labels plus one for SU(2) and SU(3).

    Attributes:
        irrep: the irrep of `characters` with these labels.
        quadratic: k^2, d^2, or p^2 + pq + q^2; the Casimir but for a factor and a constant.
        cubic: the square of the cubic Casimir of SU(3), but for a factor; None elsewhere.
        dimension: of the irrep.
        neighbours: the labels of s in the product of the irrep with the conjugate of the loop's.
        trivial: the labels of the trivial irrep.
        range: the quadratic up to which `exp(-x)` falls for each unit of x beta / volume.
    """

    irrep: Callable[..., Irrep]
    quadratic: Callable[..., Array]
    cubic: Callable[..., Array] | None
    dimension: Callable[..., Array]
    neighbours: Callable[..., list[tuple[Array, ...]]]
    trivial: tuple[int, ...]
    range: float


LABELS = {
    1: Labels(lambda k: (k,), lambda k: k * k, None, lambda k: 1.0 + 0 * k, lambda k: [(k - 1,)], (0,), 2.0),
    2: Labels(lambda d: (d - 1, 0), lambda d: d * d, None, lambda d: d, lambda d: [(d - 1,), (d + 1,)], (1,), 2.0),
    3: Labels(
        lambda p, q: (p + q - 2, q - 1, 0),
        lambda p, q: p * p + p * q + q * q,
        lambda p, q: ((p - q) * (2 * p + q) * (p + 2 * q)) ** 2,
        lambda p, q: p * q * (p + q) / 2,
        lambda p, q: [(p - 1, q), (p + 1, q - 1), (p, q + 1)],
        (1, 1),
        1.0,
    ),
}


class WeakCoupling:
    """The sums of `solution` on a torus of V plaquettes, each ratio of coefficients from one polynomial."""

    def __init__(self, n: int, beta: float, volume: int, log_ratio: Callable[..., Array]) -> None:
        self.labels, self.volume, self.log_ratio = LABELS[n], volume, log_ratio
        self.n, self.reach = n, _reach(n, beta, volume)

    def partition_ratio(self) -> float:
        """``sum_r (a_r / a_0)^V``."""
        return sum(float(np.exp(self.volume * self.log_ratio(*irreps)).sum()) for irreps in self._blocks())

    def loop(self, area: int) -> mpf:
        """W(area); 1 - W is summed, which is small, where W is near 1."""
        inner = min(area, self.volume - area)
        total = norm = 0.0
        for irreps in self._blocks():
            here = self.log_ratio(*irreps)
            weight, d = np.exp(self.volume * here), self.labels.dimension(*irreps)
            norm += float(weight.sum())
            for near in self.labels.neighbours(*irreps):
                d_near, change = self.labels.dimension(*near), inner * (self.log_ratio(*near) - here)
                if area == inner:  # the d_near sum to N d
                    total += float((weight * d_near / d * -np.expm1(change)).sum()) / self.n
                else:
                    share = np.divide(d, d_near, out=np.zeros_like(d), where=d_near != 0)
                    total += float((weight * share * np.exp(change)).sum()) / self.n
        return 1 - mpf(total / norm) if area == inner else mpf(total / norm)

    def _blocks(self) -> list[tuple[Array, ...]]:
        """All irreps within reach, in arrays of labels."""
        largest = float(ceil(sqrt(self.reach)))
        if self.n == 1:
            return [(np.arange(-largest, largest + 1),)]
        one = np.arange(1.0, largest + 1)
        if self.n == 2:
            return [(one,)]
        return [(np.full_like(row, p), row) for p in one for row in [_row(p, self.reach)] if len(row)]


def weak_coupling(n: int, beta: mpf, volume: int, digits: int) -> WeakCoupling | None:
    """The sums at weak coupling; None where the exact sums are to be taken.

    Raises:
        UserError: there are too many irreps for both.
    """
    if n not in CROSSING or beta < CROSSING[n] or digits > 16:
        return None
    reach = _reach(n, float(beta), volume)
    if n == 3 and 0.6 * reach > MOST_IRREPS:
        raise UserError(
            f"exact: SU(3) at beta {float(beta):g} on {volume} plaquettes needs {0.6 * reach:.1g} irreps, expected at "
            f"most {MOST_IRREPS:.0e}: take a larger torus, or none (the infinite plane)"
        )
    log_ratio = _log_ratio(get_characters(n, beta, mp.dps), LABELS[n], reach, volume)
    return None if log_ratio is None else WeakCoupling(n, float(beta), volume, log_ratio)


def charge_weights(beta: mpf, volume: int, digits: int) -> Array | None:
    """``p(Q)`` of U(1) for Q = 0, 1, ... from ``p(Q) = int exp(2 pi i Q nu + V log(J(nu) / J(0))) dnu``, normalised.

    The contour passes through the saddle at ``nu = 2 pi i Q beta / V``. None where the series does not hold. J is the
    transform of `charge`; where charges cost more than 750 in the exponent p(0) = 1 in double precision.
    """
    b = float(beta)
    if b < CROSSING[1] or digits > 16:
        return None
    if min(2 * b, b * volume * (1 - np.cos(2 * pi / volume))) > 750:
        return np.ones(1)
    width = sqrt(b / volume)
    with mp.workdps(DIGITS):
        log_ratio = _log_ratio(get_characters(1, beta, DIGITS), LABELS[1], max(2 * EXPONENT * width**2, LEAST), volume)
    if log_ratio is None:
        return None
    charges = np.arange(ceil(9.5 / (2 * pi * width)) + 1)[:, None]
    nu = width * np.arange(-10, 10.25, 0.25) + 2j * pi * charges * width**2
    weights = np.exp(2j * pi * charges * nu + volume * log_ratio(nu)).real.sum(1)
    found: Array = weights / (2 * weights.sum() - weights[0])
    return found


def _reach(n: int, beta: float, volume: int) -> float:
    """The quadratic up to which terms count."""
    return max(LABELS[n].range * EXPONENT * beta / volume, LEAST)


def _row(p: float, reach: float) -> Array:
    """The q >= 1 with p^2 + pq + q^2 <= reach."""
    inside = reach - 0.75 * p * p
    return np.arange(1.0, sqrt(inside) - p / 2 + 1) if inside > 0 else np.empty(0)


def _log_ratio(characters: Characters, labels: Labels, reach: float, volume: int) -> Callable[..., Array] | None:
    """``log(a_r / a_0)`` as a polynomial in the Casimirs, of the lowest degree that serves; None where none does."""
    fits = (_fit(characters, labels, reach, volume, degree) for degree in DEGREES)
    return next((fitted for fitted in fits if fitted is not None), None)


def _fit(characters: Characters, labels: Labels, reach: float, volume: int, degree: int) -> Callable[..., Array] | None:
    """The polynomial of a degree from exact values at some irreps; None where others are not on it."""
    cubes = degree // 3 if labels.cubic else 0
    powers = [(a, b) for a in range(degree + 1) for b in range(cubes + 1) if a + 3 * b <= degree]
    scale = mpf(reach)

    def terms(*irrep: int) -> list[mpf]:
        u = labels.quadratic(*map(mpf, irrep)) / scale
        w = labels.cubic(*map(mpf, irrep)) / scale**3 if labels.cubic else mpf(0)
        return [u**a * w**b for a, b in powers]

    nodes, tests = _nodes(labels, reach, degree)
    values = [mp.log(characters.ratio(labels.irrep(*irrep))) for irrep in nodes]
    solved = mp.lu_solve(mp.matrix([terms(*irrep) for irrep in nodes]), mp.matrix(values))
    for irrep in tests:
        fitted = sum(c * t for c, t in zip(solved, terms(*irrep), strict=True))
        if volume * abs(fitted - mp.log(characters.ratio(labels.irrep(*irrep)))) > TOLERANCE:
            return None
    table = np.zeros((degree + 1, cubes + 1))
    for (a, b), c in zip(powers, solved, strict=True):
        table[a, b] = float(c)

    def log_ratio(*irrep: Array) -> Array:
        u = labels.quadratic(*irrep) / reach
        if labels.cubic is None:
            return np.asarray(np.polynomial.polynomial.polyval(u, table[:, 0]))
        return np.asarray(np.polynomial.polynomial.polyval2d(u, labels.cubic(*irrep) / reach**3, table))

    return log_ratio


def _nodes(labels: Labels, reach: float, degree: int) -> tuple[list[tuple[int, ...]], list[tuple[int, ...]]]:
    """Irreps that fix the polynomial, and irreps that test it; the trivial one is among the first."""
    largest = int(sqrt(reach))
    if labels.cubic is None:
        chosen = sorted({round(largest * sqrt(i / (2 * degree + 2))) for i in range(1, 2 * degree + 3)} | {1, 2, 3, 4})
        line = [labels.trivial, *((k,) for k in chosen if (k,) > labels.trivial)]
        return line[::2], line[1::2]
    radii = [largest * sqrt((i + 0.5) / (degree + 1)) for i in range(degree + 1)]
    polar = [(r * (1 - s), r * s) for r in radii for s in (0.03, 0.2, 0.35, 0.5)]
    rounded: set[tuple[int, ...]] = {(max(1, round(p)), max(1, round(q))) for p, q in polar}
    plane = sorted(rounded | {labels.trivial}, key=lambda irrep: labels.quadratic(*irrep))
    return [irrep for i, irrep in enumerate(plane) if i % 4 != 2], plane[2::4]
