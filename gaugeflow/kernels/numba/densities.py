"""Compiled twins of :mod:`gaugeflow.random` and :mod:`gaugeflow.kernels.torch.densities`: the same numbers."""

# mypy: disable-error-code=no-untyped-def
# (numba infers the types of compiled functions)

import math

import numpy as np
from numba import njit

from gaugeflow.kernels.torch.densities import CREUTZ_BELOW
from gaugeflow.random import MASK, MULTIPLIERS, ROUNDS, WEYL

__all__ = ["philox", "sample_su2", "sample_von_mises"]

M0, M1 = np.uint64(MULTIPLIERS[0]), np.uint64(MULTIPLIERS[1])
W0, W1 = np.uint64(WEYL[0]), np.uint64(WEYL[1])
LOW = np.uint64(MASK)
HALF_WORD, TWENTY, TWELVE = np.uint64(32), np.uint64(20), np.uint64(12)


@njit(cache=True, nogil=True)
def philox(key, c0, c1, c2, c3):
    """Philox4x32-10 of a 64-bit key and four counters below 2^32; four words as uint64."""
    k0, k1 = np.uint64(key) & LOW, np.uint64(key) >> HALF_WORD
    c0, c1, c2, c3 = np.uint64(c0), np.uint64(c1), np.uint64(c2), np.uint64(c3)
    for _ in range(ROUNDS):
        left, right = c0 * M0, c2 * M1
        c0, c1 = (right >> HALF_WORD) ^ c1 ^ k0, right & LOW
        c2, c3 = (left >> HALF_WORD) ^ c3 ^ k1, left & LOW
        k0, k1 = (k0 + W0) & LOW, (k1 + W1) & LOW
    return c0, c1, c2, c3


@njit(cache=True, nogil=True)
def uniform32(word):
    return (np.float64(word) + 0.5) * 2.0**-32


@njit(cache=True, nogil=True)
def uniform64(high, low):
    return (np.float64((high << TWENTY) | (low >> TWELVE)) + 0.5) * 2.0**-52


@njit(cache=True, nogil=True)
def sample_su2(alpha, key, link, chain, stream):
    """A quaternion h with density ``exp(alpha h0)``, by Kennedy and Pendleton or Creutz."""
    attempt = 0
    while True:
        w0, w1, w2, w3 = philox(key, link, chain, 2 * stream, attempt)
        v0, v1, v2, v3 = philox(key, link, chain, 2 * stream + 1, attempt)
        r1, r3 = uniform64(w0, w1), uniform64(w2, w3)
        r2, r4, r5, r6 = uniform32(v0), uniform32(v1), uniform32(v2), uniform32(v3)
        if alpha < CREUTZ_BELOW:
            delta = -math.log1p(r1 * math.expm1(-2 * alpha)) / alpha if alpha > 1e-30 else 2 * r1
            bound = delta * (2 - delta)
        else:
            delta = -(math.log(r1) + math.cos(2 * math.pi * r2) ** 2 * math.log(r3)) / alpha
            bound = 1 - delta / 2
        if not r4 * r4 > bound:  # so written, a field of NaN comes out as NaN instead of never
            break
        attempt += 1
    cosine, angle = 1 - 2 * r5, 2 * math.pi * r6
    length, sine = math.sqrt(delta * (2 - delta)), math.sqrt(1 - cosine * cosine)
    return 1 - delta, length * sine * math.cos(angle), length * sine * math.sin(angle), length * cosine


@njit(cache=True, nogil=True)
def sample_von_mises(kappa, key, link, chain):
    """An angle with density ``exp(kappa cos theta)``, by Best and Fisher."""
    root = math.sqrt(1 + 4 * kappa * kappa)
    tau = 1 + root
    width = tau + math.sqrt(2 * tau)
    gap = (1 + 1 / (root + 2 * kappa) + math.sqrt(2 * tau)) / width
    attempt = 0
    while True:
        w0, w1, w2, w3 = philox(key, link, chain, 0, attempt)
        half = math.atan(gap / (2 - gap) * math.tan(math.pi * (uniform64(w0, w1) - 0.5)))
        c = width * gap * gap / 4 + 2 * kappa * math.sin(half) ** 2
        if not uniform64(w2, w3) > c * math.exp(1 - c):
            return 2 * half
        attempt += 1
