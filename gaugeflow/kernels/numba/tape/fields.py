"""Where the matrices and numbers of a configuration lie, their halo, and what is loaded before a tape is played."""

# mypy: disable-error-code=no-untyped-def
# (numba infers the types of compiled functions)

import numpy as np
from numba import njit

from gaugeflow.kernels.numba.loops import Position, address_of, lines_at
from gaugeflow.kernels.numba.simd import matrices as mk
from gaugeflow.kernels.numba.tape.score import Plane

__all__ = ["fill_halo", "load_direction", "load_links", "matrices_at", "new_plane", "numbers_at"]


@njit(cache=True, nogil=True)
def new_plane(size, grid, score, there, back, like):
    """Memory for one plane, all zero; empty where the plane is not there, without cotangents where no force is."""
    lines = grid.rows * 2 * (grid.padded + 2 * grid.halo) * there
    matrices, traces = score.fields * len(size) ** 2 * lines, len(score.traces) * lines
    fields, cotangents = np.zeros(matrices, like.dtype), np.zeros(matrices * back, like.dtype)
    return Plane(fields, np.zeros(traces, like.dtype), np.zeros(traces, like.dtype), cotangents)


@njit(cache=True, nogil=True)
def fill_halo(field, start, lines, grid):
    """Copies the sites of each line to the places around it that stand for the same sites."""
    width = grid.padded + 2 * grid.halo
    for line in range(lines):
        origin = start + line * width + grid.halo
        # Shifts are at most half the extent. The right edge goes upwards, so that it may be longer than the row.
        for position in range(origin - grid.halo, origin):
            field[position] = field[position + grid.extent]
        for position in range(origin + grid.extent, origin + grid.padded + grid.halo):
            field[position] = field[position - grid.extent]


@njit(cache=True, nogil=True)
def matrices_at(size, grid, fields, field, row, column, shift):
    """(address, stride) of the matrices of a field for the vector at ``column + shift`` of a row."""
    width = grid.padded + 2 * grid.halo
    block = (field * grid.rows + row) * 2 * len(size) ** 2 * width
    return address_of(fields) + (block + grid.halo + column + shift) * fields.itemsize, width


@njit(cache=True, nogil=True)
def numbers_at(grid, numbers, loop, row, column, shift):
    """(address, stride) of the complex numbers of a loop for the vector at ``column + shift`` of a row."""
    width = grid.padded + 2 * grid.halo
    block = (loop * grid.rows + row) * 2 * width
    return address_of(numbers) + (block + grid.halo + column + shift) * numbers.itemsize, width


@njit(cache=True, nogil=True)
def load_links(size, grid, batch, state, fields):
    """The links of one configuration, given without halo, as the first fields."""
    width = grid.padded + 2 * grid.halo
    lines = grid.ndim * grid.rows * 2 * len(size) ** 2
    for line in range(lines):
        source = (batch * lines + line) * grid.padded
        for position in range(grid.extent):
            fields[line * width + grid.halo + position] = state[source + position]
    fill_halo(fields, 0, lines, grid)


@njit(cache=True, nogil=True)
def load_direction(size, lanes, grid, batch, momenta, fields, tangents, scratch):
    """``dU = i p U`` for the links."""
    dim, step = max(1, len(size) ** 2 - 1), (scratch, len(lanes))
    for mu in range(grid.ndim):
        for row in range(grid.rows):
            for column in range(0, grid.padded, len(lanes)):
                p = lines_at(grid, momenta, dim, mu, Position(batch, row, column))
                mk.times_i_hermitian(size, lanes, (step, p), 1.0)
                target = matrices_at(size, grid, tangents, mu, row, column, 0)
                mk.product(size, lanes, (target, step, matrices_at(size, grid, fields, mu, row, column, 0)), 0.0)
    fill_halo(tangents, 0, grid.ndim * grid.rows * 2 * len(size) ** 2, grid)
