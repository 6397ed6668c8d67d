"""Compiled sweeps: heat bath and overrelaxation of all links of one axis and colour.

The staples of V sites are summed at once; then each link of the colour is updated by itself, subgroup by subgroup, in
double precision. The formulas are explained in :mod:`gaugeflow.kernels.torch.local`.
"""

# mypy: disable-error-code=no-untyped-def
# (numba infers the types of compiled functions)

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from gaugeflow.kernels.numba.densities import sample_su2, sample_von_mises
from gaugeflow.kernels.numba.loops import Position, address_of, links_at, new_buffers, staple_sum
from gaugeflow.kernels.numba.simd import matrices as mk

__all__ = ["HEATBATH", "OVERRELAX", "Colour", "sweep"]

HEATBATH, OVERRELAX = 0, 1


class Colour(NamedTuple):
    """The links of one axis that are updated together.

    Attributes:
        mu: the axis.
        number: their colour.
        vectors: numbers of the vectors that hold such links, ``row * vectors_per_row + vector``.
        colours: colours of all links of the axis, ``(rows, T)``.
        sites: lexicographic index of the sites, ``(rows, T)``.
    """

    mu: int
    number: int
    vectors: NDArray[np.int64]
    colours: NDArray[np.int64]
    sites: NDArray[np.int64]


@njit(cache=True, nogil=True)
def quaternion(m, n, i, j, lane):
    """Length k and unit quaternion V of the block (i, j) of M; V = 1 where k = 0."""
    ii, ij, ji, jj = 2 * (i * n + i), 2 * (i * n + j), 2 * (j * n + i), 2 * (j * n + j)
    b0 = (np.float64(m[ii, lane]) + m[jj, lane]) / 2
    b1 = (np.float64(m[ij + 1, lane]) + m[ji + 1, lane]) / 2
    b2 = (np.float64(m[ij, lane]) - m[ji, lane]) / 2
    b3 = (np.float64(m[ii + 1, lane]) - m[jj + 1, lane]) / 2
    k = math.sqrt(b0 * b0 + b1 * b1 + b2 * b2 + b3 * b3)
    if k == 0:
        return k, 1.0, 0.0, 0.0, 0.0
    return k, b0 / k, b1 / k, b2 / k, b3 / k


@njit(cache=True, nogil=True)
def times_adjoint(h0, h1, h2, h3, v0, v1, v2, v3):
    """``h v^dagger`` of quaternions ``h0 + i h.sigma``."""
    g0 = h0 * v0 + h1 * v1 + h2 * v2 + h3 * v3
    g1 = h1 * v0 - h0 * v1 + h2 * v3 - h3 * v2
    g2 = h2 * v0 - h0 * v2 + h3 * v1 - h1 * v3
    g3 = h3 * v0 - h0 * v3 + h1 * v2 - h2 * v1
    return g0, g1, g2, g3


@njit(cache=True, nogil=True)
def rotate_rows(a, n, i, j, lane, g0, g1, g2, g3):
    """Multiplies rows i and j of one matrix by ``g = [[g0 + i g3, g2 + i g1], [-g2 + i g1, g0 - i g3]]``."""
    for column in range(n):
        top, low = 2 * (i * n + column), 2 * (j * n + column)
        x, y = np.float64(a[top, lane]), np.float64(a[top + 1, lane])
        z, w = np.float64(a[low, lane]), np.float64(a[low + 1, lane])
        a[top, lane] = g0 * x - g3 * y + g2 * z - g1 * w
        a[top + 1, lane] = g0 * y + g3 * x + g2 * w + g1 * z
        a[low, lane] = g0 * z + g3 * w - g2 * x - g1 * y
        a[low + 1, lane] = g0 * w - g3 * z - g2 * y + g1 * x


@njit(cache=True, nogil=True)
def update_matrix(u, m, n, lane, kind, key, link, chain):
    """All SU(2) subgroups of one link in turn."""
    stream = 0
    for i in range(n):
        for j in range(i + 1, n):
            k, v0, v1, v2, v3 = quaternion(m, n, i, j, lane)
            h0, h1, h2, h3 = v0, -v1, -v2, -v3
            if kind == HEATBATH:
                h0, h1, h2, h3 = sample_su2(2 * k / n, key, link, chain, stream)
            g0, g1, g2, g3 = times_adjoint(h0, h1, h2, h3, v0, v1, v2, v3)
            rotate_rows(u, n, i, j, lane, g0, g1, g2, g3)
            rotate_rows(m, n, i, j, lane, g0, g1, g2, g3)
            stream += 1


@njit(cache=True, nogil=True)
def update_phase(u, m, lane, kind, key, link, chain):
    """One link of U(1)."""
    re, im = np.float64(m[0, lane]), np.float64(m[1, lane])
    kappa = math.sqrt(re * re + im * im)
    re, im = (re / kappa, im / kappa) if kappa > 0 else (1.0, 0.0)
    if kind == HEATBATH:
        angle = sample_von_mises(kappa, key, link, chain)
        c, s = math.cos(angle), math.sin(angle)
        c, s = c * re + s * im, s * re - c * im
    else:
        c, s = re * re - im * im, -2 * re * im
    x, y = np.float64(u[0, lane]), np.float64(u[1, lane])
    u[0, lane], u[1, lane] = c * x - s * y, c * y + s * x


@njit(cache=True, nogil=True)
def store(size, grid, state, mu, at, u, lane):
    """Writes the link of one lane to its site and to every place of the halo that stands for it."""
    width = grid.padded + 2 * grid.halo
    first = ((at.batch * grid.ndim + mu) * grid.rows + at.row) * 2 * len(size) ** 2 * width
    for position in range((grid.halo + at.column + lane) % grid.extent, width, grid.extent):
        for line in range(2 * len(size) ** 2):
            state[first + line * width + position] = u[line, lane]


@njit(cache=True, nogil=True)
def sweep(size, lanes, grid, program, start, stop, state, links, kind, key):
    """Updates the links of one :class:`Colour`; kind is HEATBATH or OVERRELAX, key that of the random numbers."""
    n, stride, per_row = len(size), len(lanes), grid.padded // len(lanes)
    memory, total = new_buffers(size, lanes, state, program.depth + 1)
    buffers = total + 2 * n * n * stride * state.itemsize
    u, m = np.zeros((2 * n * n, stride), state.dtype), np.zeros((2 * n * n, stride), state.dtype)
    here, closed = (address_of(u), stride), (address_of(m), stride)
    for item in range(start, stop):
        batch, vector = item // len(links.vectors), links.vectors[item % len(links.vectors)]
        row, column = vector // per_row, vector % per_row * stride
        at = Position(batch, row, column)
        staple_sum(size, lanes, grid, program, state, links.mu, at, total, buffers)
        link = links_at(size, grid, state, links.mu, at)
        mk.product(size, lanes, (closed, link, (total, stride)), 0.0)
        mk.scaled(size, lanes, (here, link), 1.0)
        for lane in range(min(stride, grid.extent - column)):
            if links.colours[row, column + lane] == links.number:
                number = links.mu * links.sites.size + links.sites[row, column + lane]
                if n == 1:
                    update_phase(u, m, lane, kind, key, number, batch)
                else:
                    update_matrix(u, m, n, lane, kind, key, number, batch)
                store(size, grid, state, links.mu, at, u, lane)
    return memory.size
