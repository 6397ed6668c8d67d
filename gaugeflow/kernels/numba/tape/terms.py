"""Sums over terms, products of traces at every site: the functions, and the weights of the traces in them."""

# mypy: disable-error-code=no-untyped-def
# (numba infers the types of compiled functions)

from numba import njit

from gaugeflow.kernels.numba.tape.fields import fill_halo

__all__ = ["sum_terms", "weigh_traces"]


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
def sum_terms(grid, score, value, slope, dual, values, along, line):
    """All functions of one configuration and their derivatives."""
    terms = score.terms
    for t in range(len(terms.function)):
        if terms.first[t] + 1 == terms.first[t + 1]:
            loop = terms.factors[terms.first[t], 0]
            values[terms.function[t]] += sum_of_loop(grid, score, loop, value.numbers)
            if dual:
                along[terms.function[t]] += sum_of_loop(grid, score, loop, slope.numbers)
            continue
        product_of_factors(grid, score, terms, t, value.numbers, slope.numbers, dual, line)
        values[terms.function[t]] += line[0].sum()
        if dual:
            along[terms.function[t]] += line[2].sum()


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
def weigh_traces(grid, score, request, batch, value, slope, line):
    """The weights in ``sum_k c_k M_k``; in the second plane their derivatives and ``scale`` times those of ``e``."""
    width, own, terms, dual = grid.padded + 2 * grid.halo, score.spots[0], score.slopes, request.dual
    for t in range(len(terms.function)):
        one = request.c[terms.function[t]]
        two = request.scale[batch] * request.e[terms.function[t]]
        if one == 0.0 and two == 0.0:
            continue
        loop, conjugate = terms.target[t]
        origin = loop * 2 * grid.rows * width
        # Re(t X) has the weight conj(X), Re(conj(t) X) the weight X.
        sign = 1.0 if conjugate else -1.0
        if terms.first[t] == terms.first[t + 1]:
            add_constant(own, one, value.weights, origin)
            if dual:
                add_constant(own, two, slope.weights, origin)
            continue
        product_of_factors(grid, score, terms, t, value.numbers, slope.numbers, dual, line)
        add_line(own, sign, one, line[0], line[1], value.weights, origin, width)
        if dual:
            add_line(own, sign, one, line[2], line[3], slope.weights, origin, width)
            add_line(own, sign, two, line[0], line[1], slope.weights, origin, width)
    fill_halo(value.weights, 0, len(score.traces) * grid.rows * 2, grid)
    if dual:
        fill_halo(slope.weights, 0, len(score.traces) * grid.rows * 2, grid)
