"""A tape played backwards: cotangents of all fields and the force, and in the second plane their derivatives."""

# mypy: disable-error-code=no-untyped-def
# (numba infers the types of compiled functions)

from numba import njit

from gaugeflow.kernels.numba.loops import Position, address_of, lines_at
from gaugeflow.kernels.numba.simd import matrices as mk
from gaugeflow.kernels.numba.simd import products as tk
from gaugeflow.kernels.numba.tape.fields import fill_halo, matrices_at, numbers_at
from gaugeflow.kernels.numba.tape.forwards import beside, multiply_add
from gaugeflow.kernels.numba.tape.score import ADJOINT_TIMES, TIMES, TIMES_ADJOINT

__all__ = ["add_force", "play_backwards"]


@njit(cache=True, nogil=True)
def pull_back(size, lanes, grid, score, k, source, others, out):
    """What product k adds to the cotangents ``out`` of its factors, given its own in ``source``.

    The factors are taken from ``others``, which may be either plane: the rule is linear in both.
    """
    a, b, kind, field = score.products[k, :4]
    for row in range(grid.rows):
        for column in range(0, grid.padded, len(lanes)):
            one = beside(size, grid, score, source, field, k, 2, row, column)
            two = beside(size, grid, score, others, b, k, 3, row, column)
            if kind == ADJOINT_TIMES:
                one, two = two, one
            target = matrices_at(size, grid, out, a, row, column, 0)
            multiply_add(size, lanes, TIMES if kind == TIMES_ADJOINT else TIMES_ADJOINT, target, one, two)
            one = beside(size, grid, score, others, a, k, 5, row, column)
            two = beside(size, grid, score, source, field, k, 4, row, column)
            if kind == TIMES_ADJOINT:
                one, two = two, one
            target = matrices_at(size, grid, out, b, row, column, 0)
            multiply_add(size, lanes, TIMES if kind == ADJOINT_TIMES else ADJOINT_TIMES, target, one, two)


@njit(cache=True, nogil=True)
def weigh_fields(size, lanes, grid, score, weights, others, out):
    """What the weights of all traces add to the cotangents of their factors, which are taken from ``others``."""
    factor = 1.0 / len(size)
    for loop in range(len(score.traces)):
        a, b, b_adjoint, place, shift, back = score.traces[loop]
        for row in range(grid.rows):
            for column in range(0, grid.padded, len(lanes)):
                ahead = matrices_at(size, grid, others, b, score.neighbours[place, row], column, shift)
                here = numbers_at(grid, weights, loop, row, column, 0)
                target = matrices_at(size, grid, out, a, row, column, 0)
                behind = score.neighbours[back, row]
                one = matrices_at(size, grid, others, a, behind, column, -shift)
                there = numbers_at(grid, weights, loop, behind, column, -shift)
                other = matrices_at(size, grid, out, b, row, column, 0)
                if b_adjoint:
                    tk.weighted_add(size, lanes, (target, here, ahead), factor)
                    tk.weighted_conjugate_add(size, lanes, (other, there, one), factor)
                else:
                    tk.weighted_adjoint_add(size, lanes, (target, here, ahead), factor)
                    tk.weighted_adjoint_add(size, lanes, (other, there, one), factor)


@njit(cache=True, nogil=True)
def play_backwards(size, lanes, grid, score, value, slope, dual):
    """The cotangents of all fields of both planes from the weights of the traces."""
    u, du, g, dg = value.fields, slope.fields, value.cotangents, slope.cotangents
    heavy = ((value.weights, u, g), (slope.weights, u, dg), (value.weights, du, dg))
    rule = ((g, u, g), (dg, u, dg), (g, du, dg))
    count = 3 if dual else 1
    lines = grid.rows * 2 * len(size) ** 2
    width = grid.padded + 2 * grid.halo
    for i in range(count):
        weigh_fields(size, lanes, grid, score, heavy[i][0], heavy[i][1], heavy[i][2])
    last = len(score.products) - 1
    for k in range(last, -1, -1):
        if k == last or score.products[k + 1, 4]:
            for i in range(1 + dual):
                fill_halo(rule[i][0], score.products[k, 3] * lines * width, lines, grid)
        for i in range(count):
            pull_back(size, lanes, grid, score, k, rule[i][0], rule[i][1], rule[i][2])


@njit(cache=True, nogil=True)
def add_force(size, lanes, grid, mask, batch, fields, cotangents, momenta, scratch):
    """``p_a -= Im tr(T_a U G^dagger)`` with G the cotangent of U: the derivative along ``exp(i w_a T_a) U``."""
    dim, closed = max(1, len(size) ** 2 - 1), (scratch, len(lanes))
    for mu in range(grid.ndim):
        for row in range(grid.rows):
            for column in range(0, grid.padded, len(lanes)):
                link = matrices_at(size, grid, fields, mu, row, column, 0)
                turned = matrices_at(size, grid, cotangents, mu, row, column, 0)
                mk.product_adjoint(size, lanes, (closed, link, turned), 0.0)
                target = lines_at(grid, momenta, dim, mu, Position(batch, row, column))
                weight = (address_of(mask) + column * mask.itemsize, grid.padded)
                mk.force_add(size, lanes, (target, closed, weight), -1.0)
