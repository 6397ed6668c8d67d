"""Matrices of a block of sites in the registers of a GPU: a tuple of 2 N^2 vectors, real and imaginary parts in turn.

The functions are traced by triton: loops over constants are unrolled, tuples stay in registers.
"""

# mypy: disable-error-code="no-untyped-def, assignment"
# ruff: noqa: RUF005
# (triton infers the types of compiled functions, and its tuples grow by addition)

import triton
import triton.language as tl

__all__ = ["adjoint", "load", "multiply", "neighbour", "plus_scaled", "staple", "store", "unit", "zero_like"]


@triton.jit
def load(base, sites, mask, VOLUME: tl.constexpr, N: tl.constexpr):
    """The matrices at ``sites`` of one axis of one chain."""
    matrix = ()
    for line in tl.static_range(2 * N * N):
        matrix = matrix + (tl.load(base + line * VOLUME + sites, mask=mask, other=0.0),)
    return matrix


@triton.jit
def store(base, sites, mask, matrix, VOLUME: tl.constexpr, N: tl.constexpr):
    for line in tl.static_range(2 * N * N):
        tl.store(base + line * VOLUME + sites, matrix[line], mask=mask)


@triton.jit
def adjoint(a, N: tl.constexpr):
    result = ()
    for i in tl.static_range(N):
        for j in tl.static_range(N):
            result = result + (a[2 * (j * N + i)], -a[2 * (j * N + i) + 1])
    return result


@triton.jit
def multiply(a, b, N: tl.constexpr):
    """``a b``."""
    result = ()
    for i in tl.static_range(N):
        for j in tl.static_range(N):
            re = a[2 * i * N] * b[2 * j] - a[2 * i * N + 1] * b[2 * j + 1]
            im = a[2 * i * N] * b[2 * j + 1] + a[2 * i * N + 1] * b[2 * j]
            for k in tl.static_range(1, N):
                x, y = a[2 * (i * N + k)], a[2 * (i * N + k) + 1]
                u, v = b[2 * (k * N + j)], b[2 * (k * N + j) + 1]
                re = re + x * u - y * v
                im = im + x * v + y * u
            result = result + (re, im)
    return result


@triton.jit
def plus_scaled(a, b, factor, N: tl.constexpr):
    """``a + factor b``."""
    result = ()
    for line in tl.static_range(2 * N * N):
        result = result + (a[line] + factor * b[line],)
    return result


@triton.jit
def zero_like(a, N: tl.constexpr):
    result = ()
    for _ in tl.static_range(2 * N * N):
        result = result + (tl.zeros_like(a),)
    return result


@triton.jit
def unit(a, factor, N: tl.constexpr):
    """``factor`` times the unit matrix, of the type of the vector ``a``."""
    result = ()
    for i in tl.static_range(N):
        for j in tl.static_range(N):
            if i == j:
                result = result + (tl.zeros_like(a) + factor, tl.zeros_like(a))
            else:
                result = result + (tl.zeros_like(a), tl.zeros_like(a))
    return result


@triton.jit
def neighbour(sites, STEP: tl.constexpr, SHAPE: tl.constexpr, STRIDES: tl.constexpr):
    """The sites displaced by ``STEP`` (components in [0, extent)) on the torus."""
    moved = sites
    for axis in tl.static_range(len(SHAPE)):
        if STEP[axis] != 0:
            place = (sites // STRIDES[axis]) % SHAPE[axis]
            moved += ((place + STEP[axis]) % SHAPE[axis] - place) * STRIDES[axis]
    return moved


@triton.jit
def staple(
    chain,
    coefficients,
    sites,
    mask,
    PATHS: tl.constexpr,
    SHAPE: tl.constexpr,
    STRIDES: tl.constexpr,
    VOLUME: tl.constexpr,
    N: tl.constexpr,
):
    """Sum of coefficient times product over ``PATHS``, tuples of links (axis, backward, displacement of the owner)."""
    total = zero_like(tl.load(chain + sites, mask=mask, other=0.0), N)
    for path in tl.static_range(len(PATHS)):
        product = total
        for step in tl.static_range(len(PATHS[path])):
            base = chain + PATHS[path][step][0] * (2 * N * N * VOLUME)
            link = load(base, neighbour(sites, PATHS[path][step][2], SHAPE, STRIDES), mask, VOLUME, N)
            if PATHS[path][step][1] == 1:
                link = adjoint(link, N)
            if step == 0:
                product = link
            else:
                product = multiply(product, link, N)
        total = plus_scaled(total, product, tl.load(coefficients + path), N)
    return total
