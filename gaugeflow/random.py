"""Random numbers that depend on a key and a place only, not on the order in which they are drawn.

A sampler draws one 64-bit key per sweep from its ``torch.Generator`` (:func:`draw_key`); the number used at a link is
a pure function of that key and of a counter made of the chain, the link and the attempt. Every backend of
:mod:`gaugeflow.kernels` therefore draws the same numbers, for any count of threads.

The function is Philox4x32-10 of J. Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC11 (2011).
"""

import torch
from torch import Tensor

__all__ = ["ROUNDS", "draw_key", "philox", "split_key", "uniform32", "uniform64"]

ROUNDS = 10
MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
WEYL = (0x9E3779B9, 0xBB67AE85)
MASK = 0xFFFFFFFF


def draw_key(generator: torch.Generator) -> int:
    """A 64-bit key, advancing ``generator``."""
    low, high = torch.randint(0, 1 << 32, (2,), generator=generator, device=generator.device).tolist()
    return (high << 32) | low


def split_key(key: int) -> tuple[int, int]:
    """The low and the high 32-bit word of a 64-bit key."""
    return key & MASK, (key >> 32) & MASK


def philox(key: int, counter: Tensor) -> Tensor:
    """Philox4x32-10: four 32-bit words for each counter.

    Args:
        key: 64-bit key.
        counter: int64 tensor ``(..., 4)`` of words in [0, 2^32).

    Returns:
        int64 tensor ``(..., 4)`` of words in [0, 2^32).
    """
    k0, k1 = split_key(key)
    c0, c1, c2, c3 = counter.unbind(-1)
    for _ in range(ROUNDS):
        # The products wrap modulo 2^64 as signed numbers; masks after the shift restore the unsigned words.
        left, right = c0 * MULTIPLIERS[0], c2 * MULTIPLIERS[1]
        c0, c1 = ((right >> 32) & MASK) ^ c1 ^ k0, right & MASK
        c2, c3 = ((left >> 32) & MASK) ^ c3 ^ k1, left & MASK
        k0, k1 = (k0 + WEYL[0]) & MASK, (k1 + WEYL[1]) & MASK
    return torch.stack((c0, c1, c2, c3), -1)


def uniform32(word: Tensor) -> Tensor:
    """A float64 in the open interval (0, 1) from one 32-bit word."""
    return (word.to(torch.float64) + 0.5) * 2.0**-32


def uniform64(high: Tensor, low: Tensor) -> Tensor:
    """A float64 in the open interval (0, 1) with 52 random bits from two 32-bit words."""
    return (((high << 20) | (low >> 12)).to(torch.float64) + 0.5) * 2.0**-52
