"""Compiled updates of whole rows of links: the drift of Hamiltonian steps, projection to the group, the halo."""

# mypy: disable-error-code=no-untyped-def
# (numba infers the types of compiled functions)

import numpy as np
from numba import njit

from gaugeflow.kernels.numba.loops import Position, lines_at, links_at, new_buffers
from gaugeflow.kernels.numba.simd import matrices as mk

__all__ = ["drift", "refresh_halo", "reunitarize"]

CLOSED_FORM_UP_TO = 3
"""Largest N whose exponential is a polynomial in the matrix by Cayley and Hamilton; beyond, products are summed."""


@njit(cache=True, nogil=True)
def refresh_halo(size, grid, state, batch, axis, row):
    """Copies the sites of a row to the places around it that stand for the same sites."""
    width = grid.padded + 2 * grid.halo
    first = ((batch * grid.ndim + axis) * grid.rows + row) * 2 * len(size) ** 2 * width
    for line in range(2 * len(size) ** 2):
        origin = first + line * width + grid.halo
        for position in range(-grid.halo, 0):
            state[origin + position] = state[origin + position % grid.extent]
        for position in range(grid.extent, grid.padded + grid.halo):
            state[origin + position] = state[origin + position % grid.extent]


@njit(cache=True, nogil=True)
def halvings(momenta, first, dim, padded, eps):
    """How often ``H = eps p_a T_a`` of a row must be halved until its spectral norm is at most 1."""
    largest = 0.0
    for position in range(padded):
        square = 0.0
        for a in range(dim):
            square += momenta[first + a * padded + position] ** 2
        largest = max(largest, square)
    # |p_a T_a|^2 = tr(p_a T_a)^2 = |p|^2 / 2 bounds the norm; for U(1) it is |p| itself.
    norm, count = abs(eps) * np.sqrt(largest if dim == 1 else largest / 2), 0
    while norm > 1 and count < 64:
        norm, count = norm / 2, count + 1
    return count


@njit(cache=True, nogil=True)
def newton_schulz(size, lanes, u, work, other):
    """``u <- u (3 - u^dagger u) / 2``: squares the distance from unitarity."""
    mk.product_adjoint(size, lanes, (work, u, u), 0.0)
    mk.scaled(size, lanes, (other, u), 1.5)
    mk.product_add(size, lanes, (other, work, u), -0.5)
    mk.scaled(size, lanes, (u, other), 1.0)


@njit(cache=True, nogil=True)
def taylor(size, lanes, result, x, work, order):
    """``exp(x)`` for norm <= 1 by Horner's rule with matrix products."""
    mk.identity(size, lanes, (result,), 1.0)
    for k in range(order, 0, -1):
        mk.identity(size, lanes, (work,), 1.0)
        mk.product_add(size, lanes, (work, x, result), 1.0 / k)
        mk.scaled(size, lanes, (result, work), 1.0)


@njit(cache=True, nogil=True)
def exponential(size, lanes, result, x, work, count, itemsize):
    """``exp(2^count x)`` for anti-Hermitian x of norm <= 1; x and ``work`` are used up."""
    if len(size) <= CLOSED_FORM_UP_TO:
        mk.exp_step(size, lanes, (result, x), 0.0)
    else:
        taylor(size, lanes, result, x, work, 10 if itemsize == 4 else 18)
    for _ in range(count):
        mk.product(size, lanes, (work, result, result), 0.0)
        mk.scaled(size, lanes, (result, work), 1.0)
    if count > 0:
        newton_schulz(size, lanes, result, work, x)


@njit(cache=True, nogil=True)
def drift(size, lanes, grid, start, stop, state, momenta, eps):
    """``U <- exp(i eps p) U``; for eps < 0 by the adjoint of ``exp(i |eps| p)``, so that the two cancel."""
    memory, address = new_buffers(size, lanes, state, 4)
    stride, matrix = len(lanes), 2 * len(size) ** 2 * len(lanes) * state.itemsize
    x, step, work = (address, stride), (address + matrix, stride), (address + 2 * matrix, stride)
    dim = max(1, len(size) ** 2 - 1)
    for item in range(start, stop):
        batch, row = item // grid.rows, item % grid.rows
        for mu in range(grid.ndim):
            first = ((batch * grid.ndim + mu) * grid.rows + row) * dim * grid.padded
            count = halvings(momenta, first, dim, grid.padded, eps)
            for column in range(0, grid.padded, stride):
                at = Position(batch, row, column)
                p = lines_at(grid, momenta, dim, mu, at)
                mk.times_i_hermitian(size, lanes, (x, p), abs(eps) * 0.5**count)
                exponential(size, lanes, step, x, work, count, state.itemsize)
                if eps < 0:
                    mk.adjoint(size, lanes, (work, step), 0.0)
                    mk.scaled(size, lanes, (step, work), 1.0)
                link = links_at(size, grid, state, mu, at)
                mk.product(size, lanes, (work, step, link), 0.0)
                mk.scaled(size, lanes, (link, work), 1.0)
            refresh_halo(size, grid, state, batch, mu, row)
    return memory.size


@njit(cache=True, nogil=True)
def reunitarize(size, lanes, grid, start, stop, state):
    """Three Newton-Schulz steps, then the phase of the determinant; N <= 3."""
    memory, address = new_buffers(size, lanes, state, 3)
    stride, matrix = len(lanes), 2 * len(size) ** 2 * len(lanes) * state.itemsize
    u, work, other = (address, stride), (address + matrix, stride), (address + 2 * matrix, stride)
    for item in range(start, stop):
        batch, row = item // grid.rows, item % grid.rows
        for mu in range(grid.ndim):
            for column in range(0, grid.padded, stride):
                link = links_at(size, grid, state, mu, Position(batch, row, column))
                mk.scaled(size, lanes, (u, link), 1.0)
                for _ in range(3):
                    newton_schulz(size, lanes, u, work, other)
                if len(size) > 1:
                    mk.rotate_determinant(size, lanes, (link, u), 0.0)
                else:
                    mk.scaled(size, lanes, (link, u), 1.0)
            refresh_halo(size, grid, state, batch, mu, row)
    return memory.size
