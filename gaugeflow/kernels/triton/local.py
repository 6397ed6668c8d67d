"""Heat bath and overrelaxation on a GPU: the formulas of torch.local and torch.densities, the same random numbers."""

# mypy: disable-error-code="no-untyped-def, assignment"
# ruff: noqa: RUF005
# (triton infers the types of compiled functions, and its tuples grow by addition)

import math

import triton
import triton.language as tl

from gaugeflow.kernels.torch.densities import CREUTZ_BELOW
from gaugeflow.kernels.triton.loops import row_of
from gaugeflow.kernels.triton.matrices import load, multiply, store
from gaugeflow.kernels.triton.paths import staple

__all__ = ["update"]

TWO_PI = tl.constexpr(2 * math.pi)
CREUTZ = tl.constexpr(CREUTZ_BELOW)


@triton.jit
def philox(low, high, c0, c1, c2, c3):
    """Philox4x32-10 on int64 words below 2^32."""
    k0, k1 = low, high
    for _ in tl.static_range(10):
        left, right = c0 * 0xD2511F53, c2 * 0xCD9E8D57
        c0, c1 = ((right >> 32) & 0xFFFFFFFF) ^ c1 ^ k0, right & 0xFFFFFFFF
        c2, c3 = ((left >> 32) & 0xFFFFFFFF) ^ c3 ^ k1, left & 0xFFFFFFFF
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return c0, c1, c2, c3


@triton.jit
def uniform32(word):
    return (word.to(tl.float64) + 0.5) * (0.5 / 2147483648)


@triton.jit
def uniform64(high, low):
    return (((high << 20) | (low >> 12)).to(tl.float64) + 0.5) * (0.5 / 2147483648 / 1048576)


@triton.jit
def sample_su2(alpha, low, high, links, chain, STREAM: tl.constexpr, mask):
    """Quaternions with density ``exp(alpha h0)``; small alpha by Creutz's proposal, expanded where it underflows."""
    delta, r5, r6 = tl.zeros_like(alpha), tl.zeros_like(alpha), tl.zeros_like(alpha)
    pending, attempt = mask.to(tl.int32), tl.zeros_like(links)
    while tl.max(pending, 0) > 0:
        w0, w1, w2, w3 = philox(low, high, links, chain, tl.zeros_like(links) + 2 * STREAM, attempt)
        v0, v1, v2, v3 = philox(low, high, links, chain, tl.zeros_like(links) + 2 * STREAM + 1, attempt)
        r1, r3 = uniform64(w0, w1), uniform64(w2, w3)
        r2, r4 = uniform32(v0), uniform32(v1)
        safe = tl.where(alpha > 1e-5, alpha, 1.0)
        creutz = -tl.log(1 - r1 * (1 - tl.exp(-2 * safe))) / safe
        creutz = tl.where(alpha > 1e-5, creutz, 2 * r1 * (1 - alpha * (1 - r1)))
        cosine = tl.cos(r2 * TWO_PI)
        proposed = tl.where(alpha < CREUTZ, creutz, -(tl.log(r1) + cosine * cosine * tl.log(r3)) / safe)
        bound = tl.where(alpha < CREUTZ, proposed * (2 - proposed), 1 - proposed / 2)
        take = pending > 0
        delta = tl.where(take, proposed, delta)
        r5, r6 = tl.where(take, uniform32(v2), r5), tl.where(take, uniform32(v3), r6)
        pending = (take & (r4 * r4 > bound)).to(tl.int32)
        attempt += 1
    cosine, angle = 1 - 2 * r5, r6 * TWO_PI
    length, sine = tl.sqrt(delta * (2 - delta)), tl.sqrt(1 - cosine * cosine)
    return 1 - delta, length * sine * tl.cos(angle), length * sine * tl.sin(angle), length * cosine


@triton.jit
def sample_von_mises(kappa, low, high, links, chain, mask):
    """Cosine and sine of angles with density ``exp(kappa cos theta)``, from the tangent of the half angle."""
    root = tl.sqrt(1 + 4 * kappa * kappa)
    width = 1 + root + tl.sqrt(2 + 2 * root)
    gap = (1 + 1 / (root + 2 * kappa) + tl.sqrt(2 + 2 * root)) / width
    tangent = tl.zeros_like(kappa)
    pending, attempt = mask.to(tl.int32), tl.zeros_like(links)
    while tl.max(pending, 0) > 0:
        w0, w1, w2, w3 = philox(low, high, links, chain, tl.zeros_like(links), attempt)
        turn = (uniform64(w0, w1) / 2 - 0.25) * TWO_PI
        proposed = gap / (2 - gap) * tl.sin(turn) / tl.cos(turn)
        c = width * gap * gap / 4 + 2 * kappa * proposed * proposed / (1 + proposed * proposed)
        take = pending > 0
        tangent = tl.where(take, proposed, tangent)
        pending = (take & (uniform64(w2, w3) > c * tl.exp(1 - c))).to(tl.int32)
        attempt += 1
    square = tangent * tangent
    return (1 - square) / (1 + square), 2 * tangent / (1 + square)


@triton.jit
def rotate(a, I: tl.constexpr, J: tl.constexpr, g0, g1, g2, g3, N: tl.constexpr):
    """Rows I and J times ``[[g0 + i g3, g2 + i g1], [-g2 + i g1, g0 - i g3]]``, in the precision of the matrix."""
    result = ()
    for row in tl.static_range(N):
        for column in tl.static_range(N):
            re, im = a[2 * (row * N + column)], a[2 * (row * N + column) + 1]
            x, y = a[2 * (I * N + column)].to(tl.float64), a[2 * (I * N + column) + 1].to(tl.float64)
            z, w = a[2 * (J * N + column)].to(tl.float64), a[2 * (J * N + column) + 1].to(tl.float64)
            if row == I:
                result = result + ((g0 * x - g3 * y + g2 * z - g1 * w).to(re.dtype),)
                result = result + ((g0 * y + g3 * x + g2 * w + g1 * z).to(re.dtype),)
            elif row == J:
                result = result + ((g0 * z + g3 * w - g2 * x - g1 * y).to(re.dtype),)
                result = result + ((g0 * w - g3 * z - g2 * y + g1 * x).to(re.dtype),)
            else:
                result = result + (re, im)
    return result


@triton.jit
def quaternion(m, II: tl.constexpr, IJ: tl.constexpr, JI: tl.constexpr, JJ: tl.constexpr):
    """Length k and unit quaternion V of a 2 x 2 block of M, given where its real parts stand; V = 1 where k = 0."""
    b0 = (m[II].to(tl.float64) + m[JJ]) / 2
    b1 = (m[IJ + 1].to(tl.float64) + m[JI + 1]) / 2
    b2 = (m[IJ].to(tl.float64) - m[JI]) / 2
    b3 = (m[II + 1].to(tl.float64) - m[JJ + 1]) / 2
    k = tl.sqrt(b0 * b0 + b1 * b1 + b2 * b2 + b3 * b3)
    size = tl.where(k > 0, k, 1.0)
    return k, tl.where(k > 0, b0 / size, 1.0), b1 / size, b2 / size, b3 / size


@triton.jit
def update_matrix(u, m, low, high, links, chain, mask, HEAT: tl.constexpr, N: tl.constexpr):
    """All SU(2) subgroups of the links in turn."""
    for i in tl.static_range(N):
        for j in tl.static_range(i + 1, N):
            k, v0, v1, v2, v3 = quaternion(m, 2 * (i * N + i), 2 * (i * N + j), 2 * (j * N + i), 2 * (j * N + j))
            if HEAT:
                # The subgroups are numbered in the order of this double loop.
                h0, h1, h2, h3 = sample_su2(
                    2 * k / N, low, high, links, chain, i * N - (i * (i + 1)) // 2 + j - i - 1, mask
                )
            else:
                h0, h1, h2, h3 = v0, -v1, -v2, -v3
            g0 = h0 * v0 + h1 * v1 + h2 * v2 + h3 * v3
            g1 = h1 * v0 - h0 * v1 + h2 * v3 - h3 * v2
            g2 = h2 * v0 - h0 * v2 + h3 * v1 - h1 * v3
            g3 = h3 * v0 - h0 * v3 + h1 * v2 - h2 * v1
            u = rotate(u, i, j, g0, g1, g2, g3, N)
            m = rotate(m, i, j, g0, g1, g2, g3, N)
    return u


@triton.jit
def update_phase(u, m, low, high, links, chain, mask, HEAT: tl.constexpr):
    """The links of U(1)."""
    x, y = m[0].to(tl.float64), m[1].to(tl.float64)
    kappa = tl.sqrt(x * x + y * y)
    size = tl.where(kappa > 0, kappa, 1.0)
    x, y = tl.where(kappa > 0, x / size, 1.0), y / size
    if HEAT:
        cosine, sine = sample_von_mises(kappa, low, high, links, chain, mask)
        c, s = cosine * x + sine * y, sine * x - cosine * y
    else:
        c, s = x * x - y * y, -2 * x * y
    re, im = u[0].to(tl.float64), u[1].to(tl.float64)
    return ((c * re - s * im).to(u[0].dtype), (c * im + s * re).to(u[0].dtype))


@triton.jit(do_not_specialize=["axis", "count", "volume"])
def update(
    state,
    table,
    axis,
    chosen,
    count,
    key,
    volume,
    NDIM: tl.constexpr,
    N: tl.constexpr,
    HEAT: tl.constexpr,
    BLOCK: tl.constexpr,
):
    """Updates the links of ``axis`` at the ``chosen`` sites, which are of one colour: none is in another's staple."""
    number = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    mask = number < count
    sites = tl.load(chosen + number, mask=mask, other=0)
    row = row_of(state, axis, volume, NDIM, 2 * N * N)
    u = load(row, sites, mask, volume, N)
    around = staple(row_of(state, 0, volume, NDIM, 2 * N * N), table, axis, sites, mask, volume, NDIM, N)
    m = multiply(u, around, N)
    low, high = tl.load(key), tl.load(key + 1)
    links = axis * volume + sites.to(tl.int64)
    chain = tl.zeros_like(links) + tl.program_id(2)
    if N == 1:
        u = update_phase(u, m, low, high, links, chain, mask, HEAT)
    else:
        u = update_matrix(u, m, low, high, links, chain, mask, HEAT, N)
    store(row, sites, mask, u, volume, N)
