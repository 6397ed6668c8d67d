"""Compiled loops that play a tape of loop products forwards and backwards, one configuration after the other.

Every quantity has two *planes*: its value, and its derivative along a direction of the links. Fields of one
configuration are rows as in :class:`gaugeflow.kernels.numba.layout.RowLayout`: matrices
``(field, row, 2 N^2, T' + 2 halo)``, traces and their weights ``(loop, row, 2, T' + 2 halo)``. A weight is the
conjugate derivative: a function F of the traces changes by ``Re sum conj(g) dt``.
"""

# mypy: disable-error-code=no-untyped-def
# (numba infers the types of compiled functions)

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from gaugeflow.kernels.numba.loops import address_of, new_buffers
from gaugeflow.kernels.numba.simd import matrices as mk
from gaugeflow.kernels.numba.simd import products as tk

__all__ = ["ADJOINT_TIMES", "TIMES", "TIMES_ADJOINT", "Score", "Terms", "play"]

TIMES, TIMES_ADJOINT, ADJOINT_TIMES = 0, 1, 2
"""Kinds of products: A B, A B^dagger, A^dagger B."""


class Terms(NamedTuple):
    """Products of traces: ``factors[first[t] : first[t + 1]]`` of term t, each (loop, conjugate, place).

    Attributes:
        function: ``(n,)``, the function to which a term belongs.
        target: ``(n, 2)``, for a derivative the loop and whether its conjugate stands in the product; else empty.
        first: ``(n + 1,)``.
        factors: ``(n_factors, 3)``; place is a row of ``Score.spots``.
    """

    function: NDArray[np.int64]
    target: NDArray[np.int64]
    first: NDArray[np.int64]
    factors: NDArray[np.int64]


class Score(NamedTuple):
    """A tape and the polynomials of its traces, for compiled code.

    Attributes:
        fields: links and sums of products.
        products: ``(n, 17)``: A, B, kind, field, whether it is the first of this field, then place and shift along the
            row of A and B as seen from the product, of the product and B from A, of the product and A from B.
        traces: ``(n_loops, 6)``: A, B, whether B is adjoint, place and shift of B, place of A as seen from B.
        neighbours: ``(n_places, rows)``, the row beside each row.
        spots: ``(n_places, sites)``, where the number of the site beside each site lies among those of a loop; the
            first place is the site itself.
        terms: the functions.
        slopes: their derivatives.
    """

    fields: int
    products: NDArray[np.int64]
    traces: NDArray[np.int64]
    neighbours: NDArray[np.int64]
    spots: NDArray[np.int64]
    terms: Terms
    slopes: Terms


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
def at(size, grid, fields, field, row, column, shift):
    """(address, stride) of the matrices of a field for the vector at ``column + shift`` of a row."""
    width = grid.padded + 2 * grid.halo
    block = (field * grid.rows + row) * 2 * len(size) ** 2 * width
    return address_of(fields) + (block + grid.halo + column + shift) * fields.itemsize, width


@njit(cache=True, nogil=True)
def number_at(grid, numbers, loop, row, column, shift):
    """(address, stride) of the complex numbers of a loop for the vector at ``column + shift`` of a row."""
    width = grid.padded + 2 * grid.halo
    block = (loop * grid.rows + row) * 2 * width
    return address_of(numbers) + (block + grid.halo + column + shift) * numbers.itemsize, width


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
    dim = max(1, len(size) ** 2 - 1)
    step = (scratch, len(lanes))
    for mu in range(grid.ndim):
        for row in range(grid.rows):
            block = ((batch * grid.ndim + mu) * grid.rows + row) * dim * grid.padded
            for column in range(0, grid.padded, len(lanes)):
                p = (address_of(momenta) + (block + column) * momenta.itemsize, grid.padded)
                mk.times_i_hermitian(size, lanes, (step, p), 1.0)
                target = at(size, grid, tangents, mu, row, column, 0)
                mk.product(size, lanes, (target, step, at(size, grid, fields, mu, row, column, 0)), 0.0)
    fill_halo(tangents, 0, grid.ndim * grid.rows * 2 * len(size) ** 2, grid)


@njit(cache=True, nogil=True)
def beside(size, grid, score, fields, field, k, move, row, column):
    """(address, stride) of the matrices of a field where a move of product k leads from a vector."""
    place, shift = score.products[k, 5 + 2 * move], score.products[k, 6 + 2 * move]
    return at(size, grid, fields, field, score.neighbours[place, row], column, shift)


@njit(cache=True, nogil=True)
def multiply(size, lanes, grid, score, k, left, right, out, fresh):
    """``out = `` or ``out += `` product k of the tape, A taken from the fields ``left`` and B from ``right``."""
    a, b, kind, field = score.products[k, :4]
    for row in range(grid.rows):
        for column in range(0, grid.padded, len(lanes)):
            one = beside(size, grid, score, left, a, k, 0, row, column)
            two = beside(size, grid, score, right, b, k, 1, row, column)
            target = at(size, grid, out, field, row, column, 0)
            if fresh:
                mk.identity(size, lanes, (target,), 0.0)
            multiply_add(size, lanes, kind, target, one, two)


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
            target = at(size, grid, out, a, row, column, 0)
            multiply_add(size, lanes, TIMES if kind == TIMES_ADJOINT else TIMES_ADJOINT, target, one, two)
            one = beside(size, grid, score, others, a, k, 5, row, column)
            two = beside(size, grid, score, source, field, k, 4, row, column)
            if kind == TIMES_ADJOINT:
                one, two = two, one
            target = at(size, grid, out, b, row, column, 0)
            multiply_add(size, lanes, TIMES if kind == ADJOINT_TIMES else ADJOINT_TIMES, target, one, two)


@njit(cache=True, nogil=True)
def take_traces(size, lanes, grid, score, left, right, numbers, scratch):
    """``numbers += (1/N) tr A B`` for every loop, A taken from the fields ``left`` and B from ``right``."""
    trace = (scratch, len(lanes))
    for loop in range(len(score.traces)):
        a, b, b_adjoint, place, shift, _ = score.traces[loop]
        for row in range(grid.rows):
            for column in range(0, grid.padded, len(lanes)):
                one = at(size, grid, left, a, row, column, 0)
                other = at(size, grid, right, b, score.neighbours[place, row], column, shift)
                if b_adjoint:
                    mk.trace_product_adjoint(size, lanes, (trace, one, other), 0.0)
                else:
                    mk.trace_product(size, lanes, (trace, one, other), 0.0)
                target = number_at(grid, numbers, loop, row, column, 0)
                tk.add_number(size, lanes, (target, trace), 1.0 / len(size))


@njit(cache=True, nogil=True)
def weigh_fields(size, lanes, grid, score, weights, others, out):
    """What the weights of all traces add to the cotangents of their factors, which are taken from ``others``."""
    factor = 1.0 / len(size)
    for loop in range(len(score.traces)):
        a, b, b_adjoint, place, shift, back = score.traces[loop]
        for row in range(grid.rows):
            for column in range(0, grid.padded, len(lanes)):
                beside = at(size, grid, others, b, score.neighbours[place, row], column, shift)
                here = number_at(grid, weights, loop, row, column, 0)
                target = at(size, grid, out, a, row, column, 0)
                behind = score.neighbours[back, row]
                one = at(size, grid, others, a, behind, column, -shift)
                there = number_at(grid, weights, loop, behind, column, -shift)
                other = at(size, grid, out, b, row, column, 0)
                if b_adjoint:
                    tk.weighted_add(size, lanes, (target, here, beside), factor)
                    tk.weighted_conjugate_add(size, lanes, (other, there, one), factor)
                else:
                    tk.weighted_adjoint_add(size, lanes, (target, here, beside), factor)
                    tk.weighted_adjoint_add(size, lanes, (other, there, one), factor)


@njit(cache=True, nogil=True)
def add_force(size, lanes, grid, batch, fields, cotangents, momenta, mask, scratch):
    """``p_a -= Im tr(T_a U G^dagger)`` with G the cotangent of U: the derivative along ``exp(i w_a T_a) U``."""
    dim = max(1, len(size) ** 2 - 1)
    closed = (scratch, len(lanes))
    for mu in range(grid.ndim):
        for row in range(grid.rows):
            block = ((batch * grid.ndim + mu) * grid.rows + row) * dim * grid.padded
            for column in range(0, grid.padded, len(lanes)):
                link = at(size, grid, fields, mu, row, column, 0)
                mk.product_adjoint(size, lanes, (closed, link, at(size, grid, cotangents, mu, row, column, 0)), 0.0)
                target = (address_of(momenta) + (block + column) * momenta.itemsize, grid.padded)
                weight = (address_of(mask) + column * mask.itemsize, grid.padded)
                mk.force_add(size, lanes, (target, closed, weight), -1.0)


@njit(cache=True, nogil=True)
def factor_at(grid, score, terms, k):
    """Offset of the numbers of factor k, the spots of its sites, and the sign of its imaginary part."""
    loop, conjugate, place = terms.factors[k]
    block = 2 * grid.rows * (grid.padded + 2 * grid.halo)
    return loop * block, score.spots[place], -1.0 if conjugate else 1.0


@njit(cache=True, nogil=True)
def product_of_factors(grid, score, terms, t, numbers, slopes, dual, line):
    """The product of the factors of a term at all sites: Re, Im and their derivatives, in the four lines."""
    width = grid.padded + 2 * grid.halo
    re, im, dre, dim = line[0], line[1], line[2], line[3]
    if terms.first[t] == terms.first[t + 1]:
        re[:], im[:], dre[:], dim[:] = 1.0, 0.0, 0.0, 0.0
    for k in range(terms.first[t], terms.first[t + 1]):
        origin, spots, sign = factor_at(grid, score, terms, k)
        if k == terms.first[t]:
            for site in range(len(spots)):
                spot = origin + spots[site]
                re[site], im[site] = numbers[spot], sign * numbers[spot + width]
                if dual:
                    dre[site], dim[site] = slopes[spot], sign * slopes[spot + width]
            continue
        for site in range(len(spots)):
            spot = origin + spots[site]
            x, y = numbers[spot], sign * numbers[spot + width]
            a, b = re[site], im[site]
            if dual:
                dx, dy = slopes[spot], sign * slopes[spot + width]
                da, db = dre[site], dim[site]
                dre[site] = da * x - db * y + a * dx - b * dy
                dim[site] = da * y + db * x + a * dy + b * dx
            re[site] = a * x - b * y
            im[site] = a * y + b * x


@njit(cache=True, nogil=True)
def sum_of_loop(grid, score, loop, numbers):
    """The real part of the numbers of a loop, summed over all sites."""
    origin = loop * 2 * grid.rows * (grid.padded + 2 * grid.halo)
    total = 0.0
    for site in range(score.spots.shape[1]):
        total += numbers[origin + score.spots[0, site]]
    return total


@njit(cache=True, nogil=True)
def sum_terms(grid, score, numbers, slopes, dual, values, along, line):
    """All functions of one configuration and their derivatives."""
    for t in range(len(score.terms.function)):
        if score.terms.first[t] + 1 == score.terms.first[t + 1]:
            loop = score.terms.factors[score.terms.first[t], 0]
            values[score.terms.function[t]] += sum_of_loop(grid, score, loop, numbers)
            if dual:
                along[score.terms.function[t]] += sum_of_loop(grid, score, loop, slopes)
            continue
        product_of_factors(grid, score, score.terms, t, numbers, slopes, dual, line)
        values[score.terms.function[t]] += line[0].sum()
        if dual:
            along[score.terms.function[t]] += line[2].sum()


@njit(cache=True, nogil=True)
def add_line(own, sign, c, re, im, weights, origin, width):
    """``weights += c (re + i sign im)`` at all sites."""
    for site in range(len(own)):
        spot = origin + own[site]
        weights[spot] += c * re[site]
        weights[spot + width] += sign * c * im[site]


@njit(cache=True, nogil=True)
def add_constant(own, c, weights, origin):
    """``weights += c`` at all sites."""
    for site in range(len(own)):
        weights[origin + own[site]] += c


@njit(cache=True, nogil=True)
def weigh_traces(grid, score, numbers, slopes, dual, c, e, scale, weights, tilts, line):
    """``g`` of ``sum_k c_k M_k``; in the second plane its derivative and ``scale`` times ``g`` of ``sum_k e_k M_k``."""
    width = grid.padded + 2 * grid.halo
    own = score.spots[0]
    for t in range(len(score.slopes.function)):
        one, two = c[score.slopes.function[t]], scale * e[score.slopes.function[t]]
        if one == 0.0 and two == 0.0:
            continue
        loop, conjugate = score.slopes.target[t]
        origin = loop * 2 * grid.rows * width
        # Re(t X) has the weight conj(X), Re(conj(t) X) the weight X.
        sign = 1.0 if conjugate else -1.0
        if score.slopes.first[t] == score.slopes.first[t + 1]:
            add_constant(own, one, weights, origin)
            if dual:
                add_constant(own, two, tilts, origin)
            continue
        product_of_factors(grid, score, score.slopes, t, numbers, slopes, dual, line)
        add_line(own, sign, one, line[0], line[1], weights, origin, width)
        if dual:
            add_line(own, sign, one, line[2], line[3], tilts, origin, width)
            add_line(own, sign, two, line[0], line[1], tilts, origin, width)
    fill_halo(weights, 0, len(score.traces) * grid.rows * 2, grid)
    if dual:
        fill_halo(tilts, 0, len(score.traces) * grid.rows * 2, grid)


@njit(cache=True, nogil=True)
def play_forwards(size, lanes, grid, score, fields, tangents, numbers, slopes, dual, scratch):
    """The products and traces of the tape, and in the second plane their derivatives by the product rule."""
    # A loop over the operands of the rule, so that the code of a product is compiled once.
    rule = ((fields, fields, fields), (tangents, fields, tangents), (fields, tangents, tangents))
    sums, count = (numbers, slopes, slopes), 3 if dual else 1
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


@njit(cache=True, nogil=True)
def play_backwards(size, lanes, grid, score, fields, tangents, weights, tilts, cotangents, turns, dual):
    """The cotangents of all fields, and in the second plane (``turns``) their derivatives."""
    heavy = ((weights, fields, cotangents), (tilts, fields, turns), (weights, tangents, turns))
    rule = ((cotangents, fields, cotangents), (turns, fields, turns), (cotangents, tangents, turns))
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
def play(size, lanes, grid, score, start, stop, state, momenta, c, e, scale, mask, dual, back, out):
    """Configurations ``start ... stop - 1``: functions, their slopes along ``momenta``, force and its derivative.

    ``dual`` and ``back`` say whether there are a second plane and a force. ``out`` holds values and slopes
    ``(batch, n_functions)`` and the momenta of the force and of its derivative, all zero before; the second of these
    gets ``scale[batch]`` times the force of ``e`` too.
    """
    width = grid.padded + 2 * grid.halo
    matrices = score.fields * grid.rows * 2 * len(size) ** 2 * width
    traces = len(score.traces) * grid.rows * 2 * width
    fields, cotangents = np.zeros(matrices, state.dtype), np.zeros(matrices if back else 0, state.dtype)
    tangents, turns = np.zeros(matrices if dual else 0, state.dtype), np.zeros(matrices * dual * back, state.dtype)
    numbers, weights = np.zeros(traces, state.dtype), np.zeros(traces, state.dtype)
    slopes, tilts = np.zeros(traces, state.dtype), np.zeros(traces, state.dtype)
    line = np.zeros((4, score.spots.shape[1]))
    memory, scratch = new_buffers(size, lanes, state, 1)
    values, along, force, turned = out
    for batch in range(start, stop):
        numbers[:], weights[:] = 0.0, 0.0
        load_links(size, grid, batch, state, fields)
        if dual:
            slopes[:], tilts[:] = 0.0, 0.0
            load_direction(size, lanes, grid, batch, momenta, fields, tangents, scratch)
        play_forwards(size, lanes, grid, score, fields, tangents, numbers, slopes, dual, scratch)
        sum_terms(grid, score, numbers, slopes, dual, values[batch], along[batch], line)
        if back:
            cotangents[:], turns[:] = 0.0, 0.0
            weigh_traces(grid, score, numbers, slopes, dual, c, e, scale[batch], weights, tilts, line)
            play_backwards(size, lanes, grid, score, fields, tangents, weights, tilts, cotangents, turns, dual)
            closing = ((fields, cotangents, force), (fields, turns, turned), (tangents, cotangents, turned))
            for i in range(3 if dual else 1):
                add_force(size, lanes, grid, batch, closing[i][0], closing[i][1], closing[i][2], mask, scratch)
    return memory.size
