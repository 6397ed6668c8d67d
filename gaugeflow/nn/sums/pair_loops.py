"""Compiled loops of the sums over pairs: V sites at a time, as in :mod:`gaugeflow.kernels`.

Fields keep the layout of the library. What is mixed between channels stands in *parts*, ``(2, channels, N^2, S)`` for a
chunk of S sites: the Hermitian and the anti-Hermitian part of every matrix, each as N^2 real lines. A matrix and its
adjoint have the same parts but for a sign, so that one real matrix product for each part mixes both, with half the
numbers.

Every loop works on the vectors ``start ... stop - 1`` of a chunk (:func:`gather_back` on channels) without holding
Python's lock.
"""

# mypy: disable-error-code=no-untyped-def
# (numba infers the types of compiled functions)

from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from gaugeflow.kernels.numba.loops import address_of, new_buffers
from gaugeflow.kernels.numba.simd import matrices as mk
from gaugeflow.kernels.numba.simd.staging import Complex, Emitter, Lines, Matrix, Vector, microkernel

__all__ = ["Fields", "Job", "ends", "ends_back", "gather_back", "multiply", "multiply_back"]


class Job(NamedTuple):
    """The sizes and tables that compiled code needs."""

    batch: int
    volume: int
    left: int
    """Channels of A; 0 where A is the unit alone."""
    right: int
    paths: int
    out: int
    factors: int
    """J: matrices of A, their adjoints, the unit."""
    adjoints: bool
    """Whether the adjoints are among A."""
    unit: bool
    """Whether the unit is among A."""
    chunk: int
    """S, a multiple of the vector."""
    sites: NDArray[np.int64]
    """``(1 + paths, volume)``: the sites themselves, then for each path those at its end."""
    line_of: NDArray[np.int64]
    """For each path which of the lines it is; -1 where that is the unit."""


class Fields(NamedTuple):
    """Lines, A and W, or their gradients, as plain numbers."""

    lines: NDArray[Any]
    left: NDArray[Any]
    right: NDArray[Any]


class Sites(NamedTuple):
    """V sites at hand.

    Attributes:
        copy: the field of the batch in which each lies.
        site: its number there.
        place: of the matrix that is looked for, counted in matrices.
    """

    copy: NDArray[np.int64]
    site: NDArray[np.int64]
    place: NDArray[np.int64]


@microkernel
def split(emit: Emitter, hermitian: Lines, rest: Lines, a: Lines, factor: Vector) -> None:
    """Both parts of a matrix: diagonals, then ``factor (a_ij +- conj(a_ji))`` for i < j; a half gives the parts."""
    n, matrix = emit.n, Matrix(a)
    for i in range(n):
        hermitian[i], rest[i] = matrix[i, i].re, matrix[i, i].im
    for line, (i, j) in zip(range(n, n * n, 2), combinations(range(n), 2), strict=True):
        above, below = matrix[i, j], matrix[j, i].conj()
        plus, minus = (above + below) * factor, (above - below) * factor
        hermitian[line], hermitian[line + 1] = plus.re, plus.im
        rest[line], rest[line + 1] = minus.re, minus.im


@microkernel
def join(emit: Emitter, dst: Lines, hermitian: Lines, rest: Lines, factor: Vector) -> None:
    """The matrix with these parts, off the diagonal times ``factor``; with a half the transpose of :func:`split`."""
    n, matrix = emit.n, Matrix(dst)
    for i in range(n):
        matrix[i, i] = Complex(hermitian[i], rest[i])
    for line, (i, j) in zip(range(n, n * n, 2), combinations(range(n), 2), strict=True):
        plus = Complex(hermitian[line], hermitian[line + 1])
        minus = Complex(rest[line], rest[line + 1])
        matrix[i, j], matrix[j, i] = (plus + minus) * factor, (plus - minus).conj() * factor


@njit(cache=True, nogil=True)
def load(size, lanes, target, field, places):
    """A matrix of each lane from the field, ``places`` counting its matrices; target is a buffer of lines."""
    for lane in range(len(lanes)):
        first = places[lane] * 2 * len(size) ** 2
        for line in range(2 * len(size) ** 2):
            target[line * len(lanes) + lane] = field[first + line]


@njit(cache=True, nogil=True)
def store(size, lanes, field, places, source, count):
    """The first ``count`` lanes back to the field."""
    for lane in range(count):
        first = places[lane] * 2 * len(size) ** 2
        for line in range(2 * len(size) ** 2):
            field[first + line] = source[line * len(lanes) + lane]


@njit(cache=True, nogil=True)
def buffers(size, lanes, like, count):
    """Memory for matrices of vectors as an array whose first number is aligned, and the bytes of one matrix."""
    memory, address = new_buffers(size, lanes, like, count)
    skipped = (address - address_of(memory)) // like.itemsize
    return memory[skipped:], 2 * len(size) ** 2 * len(lanes)


@njit(cache=True, nogil=True)
def new_sites(lanes):
    """Memory for V sites."""
    return Sites(np.empty(len(lanes), np.int64), np.empty(len(lanes), np.int64), np.empty(len(lanes), np.int64))


@njit(cache=True, nogil=True)
def locate(job, first, at):
    """Fills in the V sites of all copies from ``first`` on; behind the last one it is repeated."""
    for lane in range(len(at.site)):
        site = min(first + lane, job.batch * job.volume - 1)
        at.copy[lane], at.site[lane] = site // job.volume, site % job.volume


@njit(cache=True, nogil=True)
def place_channel(volume, channels, channel, index, at):
    """Where the matrices of a channel lie that stand at ``index`` of the V sites."""
    for lane in range(len(at.place)):
        at.place[lane] = (at.copy[lane] * channels + channel) * volume + index[at.site[lane]]


@njit(cache=True, nogil=True)
def place_line(volume, batch, line, at):
    """Where the products along a path lie that start at the V sites."""
    for lane in range(len(at.place)):
        at.place[lane] = (line * batch + at.copy[lane]) * volume + at.site[lane]


@njit(cache=True, nogil=True)
def part_address(size, job, parts, channels, part, channel, column):
    """Address and stride of the lines of one part."""
    line = (part * channels + channel) * len(size) ** 2
    return address_of(parts) + (line * job.chunk + column) * parts.itemsize, job.chunk


@njit(cache=True, nogil=True)
def ends(size, lanes, start, stop, job, first, fields, parts):
    """Parts of ``B = L_p W_c(x + p) L_p^dagger`` for every path and channel."""
    memory, one = buffers(size, lanes, fields.right, 4)
    link, w, moved, b = memory[:one], memory[one : 2 * one], memory[2 * one : 3 * one], memory[3 * one : 4 * one]
    v, at, channels = len(lanes), new_sites(lanes), job.paths * job.right
    at_link, at_w, at_moved = (address_of(link), v), (address_of(w), v), (address_of(moved), v)
    for column in range(start * v, stop * v, v):
        locate(job, first + column, at)
        for p in range(job.paths):
            if job.line_of[p] >= 0:
                place_line(job.volume, job.batch, job.line_of[p], at)
                load(size, lanes, link, fields.lines, at.place)
            for c in range(job.right):
                place_channel(job.volume, job.right, c, job.sites[1 + p], at)
                load(size, lanes, w, fields.right, at.place)
                result = at_w
                if job.line_of[p] >= 0:
                    mk.product(size, lanes, (at_moved, at_link, at_w), 0.0)
                    result = (address_of(b), v)
                    mk.product_adjoint(size, lanes, (result, at_moved, at_link), 0.0)
                k = p * job.right + c
                plus = part_address(size, job, parts, channels, 0, k, column)
                minus = part_address(size, job, parts, channels, 1, k, column)
                split(size, lanes, (plus, minus, result), 0.5)
    return memory.size


@njit(cache=True, nogil=True)
def load_factors(size, lanes, job, left, at, memory, one):
    """All A of V sites and their adjoints, ``2 left`` matrices."""
    v = len(lanes)
    for c in range(job.left):
        place_channel(job.volume, job.left, c, job.sites[0], at)
        a, adjoint = memory[c * one : (c + 1) * one], memory[(job.left + c) * one : (job.left + c + 1) * one]
        load(size, lanes, a, left, at.place)
        mk.adjoint(size, lanes, ((address_of(adjoint), v), (address_of(a), v)), 0.0)


@njit(cache=True, nogil=True)
def multiply(size, lanes, start, stop, job, first, fields, mixed, out):
    """``out_i = sum_j A_j C_ij`` with the C given by their parts."""
    memory, one = buffers(size, lanes, fields.left, 2 * job.left + 2)
    c_ij, total = memory[2 * job.left * one :], memory[(2 * job.left + 1) * one :]
    v, at, channels = len(lanes), new_sites(lanes), job.out * job.factors
    at_c, at_total, step = (address_of(c_ij), v), (address_of(total), v), one * memory.itemsize
    matrices = job.factors - 1 if job.unit else job.factors
    for column in range(start * v, stop * v, v):
        locate(job, first + column, at)
        load_factors(size, lanes, job, fields.left, at, memory, one)
        for i in range(job.out):
            if not job.unit:
                mk.identity(size, lanes, (at_total,), 0.0)
            for j in range(job.factors - 1, -1, -1):
                plus = part_address(size, job, mixed, channels, 0, i * job.factors + j, column)
                minus = part_address(size, job, mixed, channels, 1, i * job.factors + j, column)
                if j == matrices:
                    join(size, lanes, (at_total, plus, minus), 1.0)
                else:
                    join(size, lanes, (at_c, plus, minus), 1.0)
                    mk.product_add(size, lanes, (at_total, (address_of(memory) + j * step, v), at_c), 1.0)
            place_channel(job.volume, job.out, i, job.sites[0], at)
            store(size, lanes, out, at.place, total, min(v, job.batch * job.volume - first - column))
    return memory.size


@njit(cache=True, nogil=True)
def multiply_back(size, lanes, start, stop, job, first, fields, grads, mixed, grad_out):
    """The transpose of :func:`multiply`: the parts of C give way to those of their gradients ``A_j^dagger G_i``."""
    memory, one = buffers(size, lanes, fields.left, 4 * job.left + 3)
    g, c_ij, change = memory[4 * job.left * one :], memory[(4 * job.left + 1) * one :], memory[-one:]
    v, at, channels = len(lanes), new_sites(lanes), job.out * job.factors
    at_g, at_c, at_change = (address_of(g), v), (address_of(c_ij), v), (address_of(change), v)
    origin, step = address_of(memory), one * memory.itemsize
    matrices = job.factors - 1 if job.unit else job.factors
    for column in range(start * v, stop * v, v):
        locate(job, first + column, at)
        load_factors(size, lanes, job, fields.left, at, memory, one)
        memory[2 * job.left * one : 4 * job.left * one] = 0
        for i in range(job.out):
            place_channel(job.volume, job.out, i, job.sites[0], at)
            load(size, lanes, g, grad_out, at.place)
            if min(v, job.batch * job.volume - first - column) < v:
                clear_lanes(lanes, g, one, max(0, job.batch * job.volume - first - column))
            for j in range(job.factors):
                plus = part_address(size, job, mixed, channels, 0, i * job.factors + j, column)
                minus = part_address(size, job, mixed, channels, 1, i * job.factors + j, column)
                if j == matrices:
                    split(size, lanes, (plus, minus, at_g), 1.0)
                    continue
                join(size, lanes, (at_c, plus, minus), 1.0)
                gradient = (origin + (2 * job.left + j) * step, v)
                mk.product_adjoint_add(size, lanes, (gradient, at_g, at_c), 1.0)
                other = j + job.left if j < job.left else j - job.left
                mk.product(size, lanes, (at_change, (origin + other * step, v), at_g), 0.0)
                split(size, lanes, (plus, minus, at_change), 1.0)
        for c in range(job.left):
            own = memory[(2 * job.left + c) * one : (2 * job.left + c + 1) * one]
            mk.adjoint(size, lanes, (at_change, (origin + (3 * job.left + c) * step, v)), 0.0)
            mk.add_scaled(size, lanes, ((address_of(own), v), at_change), 1.0)
            place_channel(job.volume, job.left, c, job.sites[0], at)
            store(size, lanes, grads.left, at.place, own, min(v, job.batch * job.volume - first - column))
    return memory.size


@njit(cache=True, nogil=True)
def clear_lanes(lanes, buffer, one, count):
    """Zero in the lanes behind the last site, whose gradients must not count."""
    for position in range(one):
        if position % len(lanes) >= count:
            buffer[position] = 0


@njit(cache=True, nogil=True)
def ends_back(size, lanes, start, stop, job, first, fields, grads, parts, carried):
    """The transpose of :func:`ends`: gradients of the lines, and those of W, still at the starts of the paths."""
    memory, one = buffers(size, lanes, fields.right, 8)
    link, w, grad_link = memory[:one], memory[one : 2 * one], memory[2 * one : 3 * one]
    v, at, channels = len(lanes), new_sites(lanes), job.paths * job.right
    at_link, at_w, at_grad_link = (address_of(link), v), (address_of(w), v), (address_of(grad_link), v)
    origin, step = address_of(memory), one * memory.itemsize
    back, g, daggered = (origin + 3 * step, v), (origin + 4 * step, v), (origin + 5 * step, v)
    turned, ahead = (origin + 6 * step, v), (origin + 7 * step, v)
    for column in range(start * v, stop * v, v):
        locate(job, first + column, at)
        for p in range(job.paths):
            if job.line_of[p] >= 0:
                place_line(job.volume, job.batch, job.line_of[p], at)
                load(size, lanes, link, fields.lines, at.place)
                mk.adjoint(size, lanes, (back, at_link), 0.0)
                grad_link[:] = 0
            for c in range(job.right):
                k = p * job.right + c
                plus = part_address(size, job, parts, channels, 0, k, column)
                minus = part_address(size, job, parts, channels, 1, k, column)
                place = address_of(carried) + (k * 2 * len(size) ** 2 * job.chunk + column) * carried.itemsize
                if job.line_of[p] < 0:
                    join(size, lanes, ((place, job.chunk), plus, minus), 0.5)
                    continue
                join(size, lanes, (g, plus, minus), 0.5)
                place_channel(job.volume, job.right, c, job.sites[1 + p], at)
                load(size, lanes, w, fields.right, at.place)
                mk.product(size, lanes, (turned, g, at_link), 0.0)
                mk.product_adjoint_add(size, lanes, (at_grad_link, turned, at_w), 1.0)
                mk.product(size, lanes, (ahead, at_link, at_w), 0.0)
                mk.adjoint(size, lanes, (daggered, g), 0.0)
                mk.product_add(size, lanes, (at_grad_link, daggered, ahead), 1.0)
                mk.product(size, lanes, ((place, job.chunk), back, turned), 0.0)
            if job.line_of[p] >= 0:
                place_line(job.volume, job.batch, job.line_of[p], at)
                store(size, lanes, grads.lines, at.place, grad_link, min(v, job.batch * job.volume - first - column))
    return memory.size


@njit(cache=True, nogil=True)
def gather_back(size, start, stop, job, first, carried, grads):
    """Adds the gradients of some channels, carried to the ends of the paths, to those of W."""
    width = 2 * len(size) ** 2
    for c in range(start, stop):
        for p in range(job.paths):
            origin = (p * job.right + c) * width * job.chunk
            copy, site = first // job.volume, first % job.volume
            for column in range(min(job.chunk, job.batch * job.volume - first)):
                place = ((copy * job.right + c) * job.volume + job.sites[1 + p, site]) * width
                for line in range(width):
                    grads.right[place + line] += carried[origin + line * job.chunk + column]
                copy, site = (copy, site + 1) if site + 1 < job.volume else (copy + 1, 0)
