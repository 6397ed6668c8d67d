"""Staples and Hamiltonian steps on a GPU: one thread per link, all matrices in registers.

Fields are ``(batch, D, lines, volume)``: sites are contiguous, so that neighbouring threads read neighbouring numbers.
The paths are constants of the compiled kernel, their coefficients are not, so that another beta compiles nothing.
Numbers such as eps come in memory, since triton would pass them in single precision.
"""

# mypy: disable-error-code="no-untyped-def, assignment"
# ruff: noqa: RUF005
# (triton infers the types of compiled functions, and its tuples grow by addition)

import triton
import triton.language as tl

from gaugeflow.kernels.triton.matrices import adjoint, load, multiply, plus_scaled, staple, store, unit

__all__ = ["drift", "kick", "staples"]


@triton.jit
def block_of(VOLUME: tl.constexpr, BLOCK: tl.constexpr):
    sites = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    return sites, sites < VOLUME


@triton.jit
def row_of(field, MU: tl.constexpr, NDIM: tl.constexpr, LINES: tl.constexpr, VOLUME: tl.constexpr):
    """The lines of axis ``MU`` of the chain of this program."""
    return field + (tl.program_id(1).to(tl.int64) * NDIM + MU) * LINES * VOLUME


@triton.jit
def staples(
    state,
    coefficients,
    out,
    MU: tl.constexpr,
    PATHS: tl.constexpr,
    SHAPE: tl.constexpr,
    STRIDES: tl.constexpr,
    VOLUME: tl.constexpr,
    N: tl.constexpr,
    BLOCK: tl.constexpr,
):
    sites, mask = block_of(VOLUME, BLOCK)
    chain = row_of(state, 0, len(SHAPE), 2 * N * N, VOLUME)
    total = staple(chain, coefficients, sites, mask, PATHS, SHAPE, STRIDES, VOLUME, N)
    store(row_of(out, MU, len(SHAPE), 2 * N * N, VOLUME), sites, mask, total, VOLUME, N)


@triton.jit
def subtract(momenta, a: tl.constexpr, value, sites, mask, VOLUME: tl.constexpr):
    place = momenta + a * VOLUME + sites
    tl.store(place, tl.load(place, mask=mask, other=0.0) - value, mask=mask)


@triton.jit
def subtract_pair(
    p, m, half, UP: tl.constexpr, LOW: tl.constexpr, FIRST: tl.constexpr, sites, mask, VOLUME: tl.constexpr
):
    """The symmetric and the antisymmetric generator of a pair of colours, from two entries of M."""
    subtract(p, FIRST, half * (m[UP + 1] + m[LOW + 1]), sites, mask, VOLUME)
    subtract(p, FIRST + 1, half * (m[UP] - m[LOW]), sites, mask, VOLUME)


@triton.jit
def kick(
    momenta,
    state,
    coefficients,
    scale,
    norms,
    MU: tl.constexpr,
    PATHS: tl.constexpr,
    SHAPE: tl.constexpr,
    STRIDES: tl.constexpr,
    VOLUME: tl.constexpr,
    N: tl.constexpr,
    BLOCK: tl.constexpr,
):
    """``p_a <- p_a - scale Im tr(T_a U A)`` in the basis of :class:`gaugeflow.groups.SUN`.

    ``norms[k]`` is the length ``1 / sqrt(2 k (k + 1))`` of the k-th diagonal generator.
    """
    sites, mask = block_of(VOLUME, BLOCK)
    chain = row_of(state, 0, len(SHAPE), 2 * N * N, VOLUME)
    total = staple(chain, coefficients, sites, mask, PATHS, SHAPE, STRIDES, VOLUME, N)
    m = multiply(load(chain + MU * (2 * N * N * VOLUME), sites, mask, VOLUME, N), total, N)
    eps = tl.load(scale)
    if N == 1:
        subtract(row_of(momenta, MU, len(SHAPE), 1, VOLUME), 0, eps * m[1], sites, mask, VOLUME)
    else:
        p = row_of(momenta, MU, len(SHAPE), N * N - 1, VOLUME)
        above = m[1]
        for k in tl.static_range(1, N):
            for j in tl.static_range(k):
                subtract_pair(p, m, eps * 0.5, 2 * (j * N + k), 2 * (k * N + j), k * k - 1 + 2 * j, sites, mask, VOLUME)
            diagonal = m[2 * (k * N + k) + 1]
            norm = tl.load(norms + k)
            subtract(p, k * k + 2 * k - 1, eps * norm * (above - k * diagonal), sites, mask, VOLUME)
            above = above + diagonal


@triton.jit
def component(p, a: tl.constexpr, factor, sites, mask, VOLUME: tl.constexpr):
    return factor * tl.load(p + a * VOLUME + sites, mask=mask, other=0.0)


@triton.jit
def diagonal_entry(p, I: tl.constexpr, factor, norms, sites, mask, VOLUME: tl.constexpr, N: tl.constexpr):
    total = component(p, 0, 0.0 * factor, sites, mask, VOLUME)
    for k in tl.static_range(1, N):
        if k > I:
            total += component(p, k * k + 2 * k - 1, factor * tl.load(norms + k), sites, mask, VOLUME)
        if k == I:
            total -= component(p, k * k + 2 * k - 1, k * factor * tl.load(norms + k), sites, mask, VOLUME)
    return total


@triton.jit
def anti_hermitian(p, sites, mask, factor, norms, VOLUME: tl.constexpr, N: tl.constexpr):
    """``i factor p_a T_a``."""
    zero = component(p, 0, 0.0 * factor, sites, mask, VOLUME)
    if N == 1:
        return (zero, component(p, 0, factor, sites, mask, VOLUME))
    result = ()
    for i in tl.static_range(N):
        for j in tl.static_range(N):
            if i == j:
                result = result + (zero, diagonal_entry(p, i, factor, norms, sites, mask, VOLUME, N))
            elif i < j:
                x = component(p, j * j - 1 + 2 * i, 0.5 * factor, sites, mask, VOLUME)
                y = component(p, j * j + 2 * i, 0.5 * factor, sites, mask, VOLUME)
                result = result + (y, x)
            else:
                x = component(p, i * i - 1 + 2 * j, 0.5 * factor, sites, mask, VOLUME)
                y = component(p, i * i + 2 * j, 0.5 * factor, sites, mask, VOLUME)
                result = result + (-y, x)
    return result


@triton.jit
def drift(
    state,
    momenta,
    scale,
    norms,
    inverses,
    MU: tl.constexpr,
    SHAPE: tl.constexpr,
    VOLUME: tl.constexpr,
    N: tl.constexpr,
    ORDER: tl.constexpr,
    HALVINGS: tl.constexpr,
    BACKWARD: tl.constexpr,
    BLOCK: tl.constexpr,
):
    """``U <- exp(i p_a T_a scale 2^HALVINGS) U``, or its adjoint times U.

    Horner's rule for the Taylor series of a matrix of norm <= 1, then squarings and, after these, one Newton-Schulz
    step. ``inverses[k] = 1 / k``.
    """
    sites, mask = block_of(VOLUME, BLOCK)
    row = row_of(state, MU, len(SHAPE), 2 * N * N, VOLUME)
    p = row_of(momenta, MU, len(SHAPE), 1 if N == 1 else N * N - 1, VOLUME)
    x = anti_hermitian(p, sites, mask, tl.load(scale), norms, VOLUME, N)
    one = unit(x[0], 1.0, N)
    step = one
    for k in tl.static_range(ORDER):
        step = plus_scaled(one, multiply(x, step, N), tl.load(inverses + (ORDER - k)), N)
    for _ in tl.static_range(HALVINGS):
        step = multiply(step, step, N)
    if HALVINGS > 0:
        cube = multiply(multiply(step, adjoint(step, N), N), step, N)
        step = plus_scaled(plus_scaled(step, step, 0.5, N), cube, -0.5, N)
    if BACKWARD:
        step = adjoint(step, N)
    moved = multiply(step, load(row, sites, mask, VOLUME, N), N)
    store(row, sites, mask, moved, VOLUME, N)
