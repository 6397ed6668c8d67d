"""Compiled loops over the rows of a lattice: staples, Hamiltonian steps, loop traces, projection.

Every kernel works on the items ``start ... stop - 1`` of its range (chain and row) without holding Python's lock, so
that threads share the work (:mod:`gaugeflow.kernels.numba.threads`). ``size`` and ``lanes`` are tuples that carry N
and the vector type. Fields are flat arrays in the layout of :class:`gaugeflow.kernels.numba.layout.RowLayout`. What
belongs together comes as one named tuple, which compiled code takes apart at no cost; each costs its caller in Python
about a microsecond.
"""

# mypy: disable-error-code=no-untyped-def
# (numba infers the types of compiled functions)

from typing import NamedTuple

import numpy as np
from numba import njit

from gaugeflow.kernels.numba.simd import matrices as mk
from gaugeflow.kernels.numba.simd.products import add_scaled_by_site

__all__ = ["Grid", "Position", "kick", "path_products", "staple_sum", "staples", "traces"]

ALIGNMENT = 64


class Grid(NamedTuple):
    """The extents of a layout that compiled code needs."""

    ndim: int
    rows: int
    extent: int
    padded: int
    halo: int
    look_ahead: bool
    """Whether the links of the next row are asked for ahead of time: pays for fields larger than the caches."""


class Position(NamedTuple):
    """Where a vector of sites begins."""

    batch: int
    row: int
    column: int


@njit(cache=True, nogil=True)
def address_of(array):
    """Address of the first number of ``array``."""
    return np.int64(array.ctypes.data)


@njit(cache=True, nogil=True)
def new_buffers(size, lanes, like, count):
    """Memory for ``count`` matrices of vectors; the address of the first is rounded up to whole cache lines."""
    memory = np.zeros(2 * len(size) ** 2 * len(lanes) * count + ALIGNMENT, like.dtype)
    return memory, (address_of(memory) + ALIGNMENT - 1) // ALIGNMENT * ALIGNMENT


@njit(cache=True, nogil=True)
def links_at(size, grid, state, axis, at):
    """(address, stride) of the links of one axis for the vector at a position."""
    width = grid.padded + 2 * grid.halo
    block = ((at.batch * grid.ndim + axis) * grid.rows + at.row) * 2 * len(size) ** 2
    return address_of(state) + (block * width + grid.halo + at.column) * state.itemsize, width


@njit(cache=True, nogil=True)
def lines_at(grid, field, lines, axis, at):
    """(address, stride) of a field without halo, so many lines to a row, for the vector at a position."""
    block = ((at.batch * grid.ndim + axis) * grid.rows + at.row) * lines * grid.padded
    return address_of(field) + (block + at.column) * field.itemsize, grid.padded


@njit(cache=True, nogil=True)
def next_links(size, grid, program, state, k, at):
    """(address, stride) of the links that instruction k of a program multiplies, for the vector at a position."""
    axis, place, shift = program.steps[k, 1], program.steps[k, 3], program.steps[k, 4]
    beside = Position(at.batch, program.neighbours[place, at.row], at.column + shift)
    return links_at(size, grid, state, axis, beside)


@njit(cache=True, nogil=True)
def extend(size, lanes, depth, backward, before, link, result):
    """The product of a prefix and its next link, as (address, stride): at depth 0 the link itself where it can be.

    ``before`` and ``link`` are (address, stride) too; ``result`` is the address of a buffer for the product.
    """
    here = (result, len(lanes))
    if depth == 0 and not backward:
        return link
    if depth == 0:
        mk.adjoint(size, lanes, (here, link), 0.0)
    elif backward:
        mk.product_adjoint(size, lanes, (here, before, link), 0.0)
    else:
        mk.product(size, lanes, (here, before, link), 0.0)
    return here


@njit(cache=True, nogil=True)
def factors_at(grid, factors, path, at):
    """(address, stride) of the factors of one path for the vector at a position."""
    first = (path * grid.rows + at.row) * grid.padded + at.column
    return address_of(factors) + first * factors.itemsize, grid.padded


@njit(cache=True, nogil=True)
def staple_sum(size, lanes, grid, program, state, mu, at, total, buffers):
    """Sum ``mu`` of a program for the sites of one vector, written to the matrix at address ``total``.

    ``buffers`` is the address of ``program.depth`` matrices for the partial products.
    """
    stride, matrix = len(lanes), 2 * len(size) ** 2 * len(lanes) * state.itemsize
    sum_, first, before = (total, stride), (buffers, stride), (buffers, stride)
    mk.identity(size, lanes, (sum_,), 0.0)
    for k in range(program.bounds[mu], program.bounds[mu + 1]):
        depth, _, backward, _, _, goes_on, end = program.steps[k]
        link = next_links(size, grid, program, state, k, at)
        before = first if depth == 1 else (buffers + (depth - 1) * matrix, stride)
        if grid.look_ahead and at.row + 1 < grid.rows:
            soon = next_links(size, grid, program, state, k, Position(at.batch, at.row + 1, at.column))
            mk.prefetch(size, lanes, (soon,), 0.0)
        if len(program.weighted) > 0:
            here = extend(size, lanes, depth, backward, before, link, buffers + depth * matrix)
            first = here if depth == 0 else first
            if end >= 0:
                add_scaled_by_site(size, lanes, (sum_, here, factors_at(grid, program.factors, end, at)), 0.0)
            continue
        if depth > 0 and not goes_on:
            if backward:
                mk.product_adjoint_add(size, lanes, (sum_, before, link), program.coefficients[k])
            else:
                mk.product_add(size, lanes, (sum_, before, link), program.coefficients[k])
            continue
        here = extend(size, lanes, depth, backward, before, link, buffers + depth * matrix)
        first = here if depth == 0 else first
        if end >= 0:
            mk.add_scaled(size, lanes, (sum_, here), program.coefficients[k])


@njit(cache=True, nogil=True)
def staples(size, lanes, grid, program, start, stop, state, out):
    """``A_mu(x)`` into lines without halo."""
    memory, total = new_buffers(size, lanes, state, program.depth + 1)
    buffers = total + 2 * len(size) ** 2 * len(lanes) * state.itemsize
    for item in range(start, stop):
        batch, row = item // grid.rows, item % grid.rows
        for mu in range(grid.ndim):
            for column in range(0, grid.padded, len(lanes)):
                at = Position(batch, row, column)
                staple_sum(size, lanes, grid, program, state, mu, at, total, buffers)
                target = lines_at(grid, out, 2 * len(size) ** 2, mu, at)
                mk.scaled(size, lanes, (target, (total, len(lanes))), 1.0)
    return memory.size


@njit(cache=True, nogil=True)
def kick(size, lanes, grid, program, start, stop, momenta, state, mask, eps):
    """``p <- p - eps (1/N) Im tr(T_a U A)``; ``mask`` is a line of ones, zero beyond the extent."""
    memory, total = new_buffers(size, lanes, state, program.depth + 2)
    matrix = 2 * len(size) ** 2 * len(lanes) * state.itemsize
    dim, stride = max(1, len(size) ** 2 - 1), len(lanes)
    for item in range(start, stop):
        batch, row = item // grid.rows, item % grid.rows
        for mu in range(grid.ndim):
            for column in range(0, grid.padded, stride):
                at = Position(batch, row, column)
                staple_sum(size, lanes, grid, program, state, mu, at, total, total + 2 * matrix)
                closed = (total + matrix, stride)
                mk.product(size, lanes, (closed, links_at(size, grid, state, mu, at), (total, stride)), 0.0)
                target = lines_at(grid, momenta, dim, mu, at)
                weight = (address_of(mask) + column * mask.itemsize, grid.padded)
                mk.force_add(size, lanes, (target, closed, weight), -eps / len(size))
    return memory.size


@njit(cache=True, nogil=True)
def traces(size, lanes, grid, program, start, stop, state, out):
    """``tr W`` of closed paths, summed along each row in double precision: Re and Im in ``out[item, loop]``."""
    memory, unit = new_buffers(size, lanes, state, program.depth + 1)
    stride, matrix = len(lanes), 2 * len(size) ** 2 * len(lanes) * state.itemsize
    one, buffers = (unit, stride), unit + matrix
    first, before = one, one
    mk.identity(size, lanes, (one,), 1.0)
    result = np.zeros((2, stride), state.dtype)
    for item in range(start, stop):
        batch, row = item // grid.rows, item % grid.rows
        for column in range(0, grid.padded, stride):
            for k in range(len(program.steps)):
                depth, _, backward, _, _, goes_on, end = program.steps[k]
                link = next_links(size, grid, program, state, k, Position(batch, row, column))
                before = first if depth == 1 else (buffers + (depth - 1) * matrix, stride)
                trace = (address_of(result), stride)
                if depth > 0 and not goes_on:
                    if backward:
                        mk.trace_product_adjoint(size, lanes, (trace, before, link), 0.0)
                    else:
                        mk.trace_product(size, lanes, (trace, before, link), 0.0)
                else:
                    here = extend(size, lanes, depth, backward, before, link, buffers + depth * matrix)
                    first = here if depth == 0 else first
                    if end >= 0:
                        mk.trace_product(size, lanes, (trace, here, one), 0.0)
                if end >= 0:
                    for lane in range(min(stride, grid.extent - column)):
                        factor = 1.0
                        if len(program.weighted) > 0:
                            factor = program.factors[(end * grid.rows + row) * grid.padded + column + lane]
                        out[item, end, 0] += factor * result[0, lane]
                        out[item, end, 1] += factor * result[1, lane]
    return memory.size


@njit(cache=True, nogil=True)
def path_products(size, lanes, grid, program, start, stop, state, out):
    """The product of every path from every site: ``out`` is ``(n_paths, batch, rows, 2 N^2, T')`` flattened."""
    memory, buffers = new_buffers(size, lanes, state, program.depth)
    stride, width = len(lanes), grid.padded + 2 * grid.halo
    matrix = 2 * len(size) ** 2 * stride * state.itemsize
    items = state.size // (grid.ndim * grid.rows * 2 * len(size) ** 2 * width) * grid.rows
    first, before = (buffers, stride), (buffers, stride)
    for item in range(start, stop):
        batch, row = item // grid.rows, item % grid.rows
        for column in range(0, grid.padded, stride):
            for k in range(len(program.steps)):
                depth, _, backward, _, _, _, end = program.steps[k]
                link = next_links(size, grid, program, state, k, Position(batch, row, column))
                before = first if depth == 1 else (buffers + (depth - 1) * matrix, stride)
                here = extend(size, lanes, depth, backward, before, link, buffers + depth * matrix)
                first = here if depth == 0 else first
                if end >= 0:
                    block = (end * items + item) * 2 * len(size) ** 2 * grid.padded
                    target = (address_of(out) + (block + column) * out.itemsize, grid.padded)
                    mk.scaled(size, lanes, (target, here), 1.0)
    return memory.size
