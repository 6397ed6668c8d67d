"""Compiled loops over the images of configurations: products of determinants and their derivatives, in float64.

Several images are eliminated side by side, one in each lane of the processor. Arrays of a lane are contiguous along it.
"""

# mypy: disable-error-code=no-untyped-def
# (numba infers the types of compiled functions)

from typing import Any, NamedTuple

import numpy as np
from numba import njit

__all__ = ["Spin", "back", "sums"]

LANES = 32
"""Images at a time: few enough that their matrices stay near the processor."""
SMALLEST = 1e-30
"""In place of a pivot that is zero where cofactors are wanted, which come out right to rounding as products of a
determinant and an inverse. Of many such pivots the determinant is zero, and so are they."""


class Spin(NamedTuple):
    """The particles of one spin: matrices ``tables[b, k, orders[g, sites[b, i]], j] + own[b, k, i, j]``."""

    tables: Any
    """``(batch, terms, sites, n)``."""
    own: Any
    """``(batch, terms, n, n)``."""
    sites: Any
    """``(batch, n)``."""


@njit(cache=True, nogil=True, error_model="numpy")
def sums(first, last, up, down, orders, weights, totals, sizes):
    """``totals[b] = sum_gk weights[g] det up det down`` and the same sum of moduli; both are 0 where images cancel."""
    ups, downs = _room(up, False), _room(down, False)
    one, other = np.empty(LANES), np.empty(LANES)
    for b in range(first, last):
        total, lost, size = 0.0, 0.0, 0.0  # summed with what rounding loses: images nearly cancel
        totals[b], sizes[b] = 0.0, 0.0
        if _cancels(up.sites[b], down.sites[b], orders, weights):
            continue
        for k in range(up.tables.shape[1]):
            for begin in range(0, len(orders), LANES):
                count = min(LANES, len(orders) - begin)
                _determinants(up, b, k, orders, begin, count, ups, one)
                _determinants(down, b, k, orders, begin, count, downs, other)
                for g in range(count):
                    term = weights[begin + g] * one[g] * other[g]
                    size += abs(term)
                    rounded = total + term
                    lost += (total - rounded) + term if abs(total) >= abs(term) else (term - rounded) + total
                    total = rounded
        totals[b], sizes[b] = total + lost, size


@njit(cache=True, nogil=True, error_model="numpy")
def back(first, last, up, down, orders, weights, slopes, up_found, down_found):
    """Adds the derivatives of ``slopes[b] totals[b]`` to those of the tables and of what is each particle's own."""
    ups, downs = _room(up, True), _room(down, True)
    one, other = np.empty(LANES), np.empty(LANES)
    for b in range(first, last):
        if slopes[b] == 0:
            continue
        for k in range(up.tables.shape[1]):
            for begin in range(0, len(orders), LANES):
                count = min(LANES, len(orders) - begin)
                _determinants(up, b, k, orders, begin, count, ups, one)
                _determinants(down, b, k, orders, begin, count, downs, other)
                for g in range(LANES):
                    one[g] *= slopes[b] * weights[begin + g] * other[g] if g < count else 0.0
                _spread(up_found, up.sites, b, k, orders, begin, count, ups, one)
                _spread(down_found, down.sites, b, k, orders, begin, count, downs, one)


@njit(cache=True, nogil=True)
def _cancels(up, down, orders, weights):
    """Whether a motion leaves the particles where they are but for a sign that is not its character, 1 or -1."""
    for g in range(len(orders)):
        sign = weights[g]
        for sites in (up, down):
            sign *= _sign_alone(sites, orders[g])
        if sign < 0:
            return True
    return False


@njit(cache=True, nogil=True)
def _sign_alone(sites, order):
    """The sign of particles that change places among themselves, 0 if they go elsewhere."""
    sign = 1.0
    for i in range(len(sites)):
        place, there = order[sites[i]], False
        for j in range(len(sites)):
            there |= sites[j] == place
            if j < i and order[sites[j]] > place:
                sign = -sign
        if not there:
            return 0.0
    return sign


@njit(cache=True, nogil=True)
def _room(spin, inverse):
    """Of the matrices in all lanes, and of their inverses behind them."""
    n = spin.own.shape[2]
    return np.zeros((n, 2 * n if inverse else n, LANES))


@njit(cache=True, nogil=True)
def _determinants(spin, b, k, orders, begin, count, matrices, found):
    """Those of some images, and their inverses where there is room."""
    _fill(spin, b, k, orders, begin, count, matrices)
    _eliminate(matrices, found)


@njit(cache=True, nogil=True)
def _fill(spin, b, k, orders, begin, count, matrices):
    """The matrices of some images, and behind them the unit where there is room; the unit where there is no image."""
    n = spin.own.shape[2]
    for i in range(n):
        site = spin.sites[b, i]
        for j in range(n):
            own = spin.own[b, k, i, j]
            for g in range(count):
                matrices[i, j, g] = spin.tables[b, k, orders[begin + g, site], j] + own
            for g in range(count, LANES):
                matrices[i, j, g] = 1.0 if i == j else 0.0
        for j in range(n, matrices.shape[1]):
            matrices[i, j] = 1.0 if j == n + i else 0.0


@njit(cache=True, nogil=True, error_model="numpy")
def _eliminate(matrices, determinants):
    """Determinants ``(lanes,)``; what stands behind the matrices becomes their inverses.

    By Gauss and Jordan, with the largest pivot of each column in each lane.
    """
    n, columns = matrices.shape[:2]
    swapped, factors = np.empty(LANES), np.empty(LANES)
    determinants[:] = 1.0
    for c in range(n):
        for r in range(c + 1, n):
            for g in range(LANES):
                swapped[g] = abs(matrices[r, c, g]) - abs(matrices[c, c, g])
            for j in range(c, columns):
                for g in range(LANES):
                    upper, lower = matrices[c, j, g], matrices[r, j, g]
                    matrices[c, j, g] = lower if swapped[g] > 0 else upper
                    matrices[r, j, g] = upper if swapped[g] > 0 else lower
            for g in range(LANES):
                determinants[g] = -determinants[g] if swapped[g] > 0 else determinants[g]
        for g in range(LANES):
            pivot = matrices[c, c, g]
            divisor = SMALLEST if pivot == 0 else pivot
            determinants[g] *= divisor if columns > n else pivot
            factors[g] = 1 / divisor
        for j in range(c + 1, columns):
            for g in range(LANES):
                matrices[c, j, g] *= factors[g]
        for r in range(n if columns > n else 0):
            if r != c:
                for j in range(c + 1, columns):
                    for g in range(LANES):
                        matrices[r, j, g] -= matrices[r, c, g] * matrices[c, j, g]
        for r in range(c + 1, n if columns == n else 0):
            for j in range(c + 1, n):
                for g in range(LANES):
                    matrices[r, j, g] -= matrices[r, c, g] * matrices[c, j, g]


@njit(cache=True, nogil=True)
def _spread(found, sites, b, k, orders, begin, count, matrices, factors):
    """Adds the cofactors, which are ``factors`` times the transposed inverses, to the derivatives."""
    n = matrices.shape[0]
    for i in range(n):
        site = sites[b, i]
        for j in range(n):
            total = 0.0
            for g in range(LANES):
                value = matrices[j, n + i, g] * factors[g]
                matrices[j, n + i, g] = 0.0 if factors[g] == 0 else value
            for g in range(count):
                value = matrices[j, n + i, g]
                total += value
                found.tables[b, k, orders[begin + g, site], j] += value
            found.own[b, k, i, j] += total
