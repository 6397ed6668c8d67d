"""A tape played forwards: products and traces, and in the second plane their derivatives by the product rule."""

# mypy: disable-error-code=no-untyped-def
# (numba infers the types of compiled functions)

from numba import njit

from gaugeflow.kernels.numba.simd import matrices as mk
from gaugeflow.kernels.numba.simd import products as tk
from gaugeflow.kernels.numba.tape.fields import fill_halo, matrices_at, numbers_at
from gaugeflow.kernels.numba.tape.score import TIMES, TIMES_ADJOINT

__all__ = ["beside", "multiply_add", "play_forwards"]


@njit(cache=True, nogil=True)
def multiply_add(size, lanes, kind, target, a, b):
    """``target += A B``, ``A B^dagger`` or ``A^dagger B``."""
    if kind == TIMES:
        mk.product_add(size, lanes, (target, a, b), 1.0)
    elif kind == TIMES_ADJOINT:
        mk.product_adjoint_add(size, lanes, (target, a, b), 1.0)
    else:
        tk.adjoint_product_add(size, lanes, (target, a, b), 1.0)


@njit(cache=True, nogil=True)
def beside(size, grid, score, fields, field, k, move, row, column):
    """(address, stride) of the matrices of a field where a move of product k leads from a vector."""
    place, shift = score.products[k, 5 + 2 * move], score.products[k, 6 + 2 * move]
    return matrices_at(size, grid, fields, field, score.neighbours[place, row], column, shift)


@njit(cache=True, nogil=True)
def multiply(size, lanes, grid, score, k, left, right, out, fresh):
    """``out = `` or ``out += `` product k of the tape, A taken from the fields ``left`` and B from ``right``."""
    a, b, kind, field = score.products[k, :4]
    for row in range(grid.rows):
        for column in range(0, grid.padded, len(lanes)):
            one = beside(size, grid, score, left, a, k, 0, row, column)
            two = beside(size, grid, score, right, b, k, 1, row, column)
            target = matrices_at(size, grid, out, field, row, column, 0)
            if fresh:
                mk.identity(size, lanes, (target,), 0.0)
            multiply_add(size, lanes, kind, target, one, two)


@njit(cache=True, nogil=True)
def take_traces(size, lanes, grid, score, left, right, numbers, scratch):
    """``numbers += (1/N) tr A B`` for every loop, A taken from the fields ``left`` and B from ``right``."""
    trace = (scratch, len(lanes))
    for loop in range(len(score.traces)):
        a, b, b_adjoint, place, shift, _ = score.traces[loop]
        for row in range(grid.rows):
            for column in range(0, grid.padded, len(lanes)):
                one = matrices_at(size, grid, left, a, row, column, 0)
                other = matrices_at(size, grid, right, b, score.neighbours[place, row], column, shift)
                if b_adjoint:
                    mk.trace_product_adjoint(size, lanes, (trace, one, other), 0.0)
                else:
                    mk.trace_product(size, lanes, (trace, one, other), 0.0)
                target = numbers_at(grid, numbers, loop, row, column, 0)
                tk.add_number(size, lanes, (target, trace), 1.0 / len(size))


@njit(cache=True, nogil=True)
def play_forwards(size, lanes, grid, score, value, slope, dual, scratch):
    """The fields and traces of both planes from their links."""
    # A loop over the operands of the rule, so that the code of a product is compiled once.
    u, du = value.fields, slope.fields
    rule = ((u, u, u), (du, u, du), (u, du, du))
    sums, count = (value.numbers, slope.numbers, slope.numbers), 3 if dual else 1
    lines = grid.rows * 2 * len(size) ** 2
    width = grid.padded + 2 * grid.halo
    last = len(score.products) - 1
    for k in range(last + 1):
        for i in range(count):
            multiply(size, lanes, grid, score, k, rule[i][0], rule[i][1], rule[i][2], i < 2 and score.products[k, 4])
        if k == last or score.products[k + 1, 4]:
            for i in range(1 + dual):
                fill_halo(rule[i][2], score.products[k, 3] * lines * width, lines, grid)
    for i in range(count):
        take_traces(size, lanes, grid, score, rule[i][0], rule[i][1], sums[i], scratch)
    for i in range(1 + dual):
        fill_halo(sums[i], 0, len(score.traces) * grid.rows * 2, grid)
