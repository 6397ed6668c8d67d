"""Staples and Hamiltonian steps on a GPU: one thread per link, all matrices in registers.

Fields are ``(batch, D, lines, volume)``: sites are contiguous, so that neighbouring threads read neighbouring numbers.
A grid is (blocks of sites, D, batch). Numbers such as eps come in memory, since triton would pass them in single
precision.
"""

# mypy: disable-error-code="no-untyped-def, assignment"
# ruff: noqa: RUF005
# (triton infers the types of compiled functions, and its tuples grow by addition)

import triton
import triton.language as tl

from gaugeflow.kernels.triton.matrices import adjoint, load, multiply, plus_scaled, store, unit
from gaugeflow.kernels.triton.paths import staple

__all__ = ["drift", "kick", "row_of", "staples"]


@triton.jit
def block_of(volume, BLOCK: tl.constexpr):
    sites = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    return sites, sites < volume


@triton.jit
def row_of(field, mu, volume, NDIM: tl.constexpr, LINES: tl.constexpr):
    """The lines of axis ``mu`` of the chain of this program."""
    return field + (tl.program_id(2).to(tl.int64) * NDIM + mu) * LINES * volume


@triton.jit(do_not_specialize=["volume"])
def staples(state, table, out, volume, NDIM: tl.constexpr, N: tl.constexpr, BLOCK: tl.constexpr):
    sites, mask = block_of(volume, BLOCK)
    mu = tl.program_id(1)
    total = staple(row_of(state, 0, volume, NDIM, 2 * N * N), table, mu, sites, mask, volume, NDIM, N)
    store(row_of(out, mu, volume, NDIM, 2 * N * N), sites, mask, total, volume, N)


@triton.jit
def subtract(momenta, a: tl.constexpr, value, sites, mask, volume):
    place = momenta + a * volume + sites
    tl.store(place, tl.load(place, mask=mask, other=0.0) - value, mask=mask)


@triton.jit
def subtract_pair(p, m, half, UP: tl.constexpr, LOW: tl.constexpr, FIRST: tl.constexpr, sites, mask, volume):
    """The symmetric and the antisymmetric generator of a pair of colours, from two entries of M."""
    subtract(p, FIRST, half * (m[UP + 1] + m[LOW + 1]), sites, mask, volume)
    subtract(p, FIRST + 1, half * (m[UP] - m[LOW]), sites, mask, volume)


@triton.jit(do_not_specialize=["volume"])
def kick(momenta, state, table, scale, norms, volume, NDIM: tl.constexpr, N: tl.constexpr, BLOCK: tl.constexpr):
    """``p_a <- p_a - scale Im tr(T_a U A)`` in the basis of :class:`gaugeflow.groups.SUN`.

    ``norms[k]`` is the length ``1 / sqrt(2 k (k + 1))`` of the k-th diagonal generator.
    """
    sites, mask = block_of(volume, BLOCK)
    mu = tl.program_id(1)
    total = staple(row_of(state, 0, volume, NDIM, 2 * N * N), table, mu, sites, mask, volume, NDIM, N)
    m = multiply(load(row_of(state, mu, volume, NDIM, 2 * N * N), sites, mask, volume, N), total, N)
    eps = tl.load(scale)
    if N == 1:
        subtract(row_of(momenta, mu, volume, NDIM, 1), 0, eps * m[1], sites, mask, volume)
    else:
        p = row_of(momenta, mu, volume, NDIM, N * N - 1)
        above = m[1]
        for k in tl.static_range(1, N):
            for j in tl.static_range(k):
                subtract_pair(p, m, eps * 0.5, 2 * (j * N + k), 2 * (k * N + j), k * k - 1 + 2 * j, sites, mask, volume)
            diagonal = m[2 * (k * N + k) + 1]
            norm = tl.load(norms + k)
            subtract(p, k * k + 2 * k - 1, eps * norm * (above - k * diagonal), sites, mask, volume)
            above = above + diagonal


@triton.jit
def component(p, a: tl.constexpr, factor, sites, mask, volume):
    return factor * tl.load(p + a * volume + sites, mask=mask, other=0.0)


@triton.jit
def diagonal_entry(p, I: tl.constexpr, factor, norms, sites, mask, volume, N: tl.constexpr):
    total = component(p, 0, 0.0 * factor, sites, mask, volume)
    for k in tl.static_range(1, N):
        if k > I:
            total += component(p, k * k + 2 * k - 1, factor * tl.load(norms + k), sites, mask, volume)
        if k == I:
            total -= component(p, k * k + 2 * k - 1, k * factor * tl.load(norms + k), sites, mask, volume)
    return total


@triton.jit
def anti_hermitian(p, sites, mask, factor, norms, volume, N: tl.constexpr):
    """``i factor p_a T_a``."""
    zero = component(p, 0, 0.0 * factor, sites, mask, volume)
    if N == 1:
        return (zero, component(p, 0, factor, sites, mask, volume))
    result = ()
    for i in tl.static_range(N):
        for j in tl.static_range(N):
            if i == j:
                result = result + (zero, diagonal_entry(p, i, factor, norms, sites, mask, volume, N))
            elif i < j:
                x = component(p, j * j - 1 + 2 * i, 0.5 * factor, sites, mask, volume)
                y = component(p, j * j + 2 * i, 0.5 * factor, sites, mask, volume)
                result = result + (y, x)
            else:
                x = component(p, i * i - 1 + 2 * j, 0.5 * factor, sites, mask, volume)
                y = component(p, i * i + 2 * j, 0.5 * factor, sites, mask, volume)
                result = result + (-y, x)
    return result


@triton.jit(do_not_specialize=["order", "halvings", "volume"])
def drift(
    state,
    momenta,
    scale,
    norms,
    inverses,
    order,
    halvings,
    volume,
    NDIM: tl.constexpr,
    N: tl.constexpr,
    BACKWARD: tl.constexpr,
    BLOCK: tl.constexpr,
):
    """``U <- exp(i p_a T_a scale 2^halvings) U``, or its adjoint times U.

    Horner's rule for the Taylor series of a matrix of norm <= 1, then squarings and, after these, one Newton-Schulz
    step. ``inverses[k] = 1 / k``.
    """
    sites, mask = block_of(volume, BLOCK)
    mu = tl.program_id(1)
    row = row_of(state, mu, volume, NDIM, 2 * N * N)
    p = row_of(momenta, mu, volume, NDIM, 1 if N == 1 else N * N - 1)
    x = anti_hermitian(p, sites, mask, tl.load(scale), norms, volume, N)
    one = unit(x[0], 1.0, N)
    step = one
    for k in range(order):
        step = plus_scaled(one, multiply(x, step, N), tl.load(inverses + order - k), N)
    for _ in range(halvings):
        step = multiply(step, step, N)
    if halvings > 0:
        cube = multiply(multiply(step, adjoint(step, N), N), step, N)
        step = plus_scaled(plus_scaled(step, step, 0.5, N), cube, -0.5, N)
    if BACKWARD:
        step = adjoint(step, N)
    moved = multiply(step, load(row, sites, mask, volume, N), N)
    store(row, sites, mask, moved, volume, N)
