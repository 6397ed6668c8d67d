"""Matrices of a block of sites in the registers of a GPU: a tuple of 2 N^2 vectors, real and imaginary parts in turn.

The functions are traced by triton: loops over constants are unrolled, tuples stay in registers.
"""

# mypy: disable-error-code="no-untyped-def, assignment"
# ruff: noqa: RUF005
# (triton infers the types of compiled functions, and its tuples grow by addition)

import triton
import triton.language as tl

__all__ = ["adjoint", "load", "multiply", "plus_scaled", "store", "unit", "zero_like"]


@triton.jit
def load(base, sites, mask, volume, N: tl.constexpr):
    """The matrices at ``sites`` of one axis of one chain."""
    matrix = ()
    for line in tl.static_range(2 * N * N):
        matrix = matrix + (tl.load(base + line * volume + sites, mask=mask, other=0.0),)
    return matrix


@triton.jit
def store(base, sites, mask, matrix, volume, N: tl.constexpr):
    for line in tl.static_range(2 * N * N):
        tl.store(base + line * volume + sites, matrix[line], mask=mask)


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
