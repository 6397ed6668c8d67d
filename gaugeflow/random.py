"""Random numbers by keys: a generator for each key, and numbers that depend on a key and a place only.

Every stream of the package, of a run, of a report, of a block of fields, is made by :func:`stream` from a key that says
what it is for. torch's own ``manual_seed`` keeps the low 32 bits of a seed on the CPU.

Where the order of drawing would matter, a sampler draws one 64-bit key per sweep from its ``torch.Generator``
(:func:`draw_key`); the number used at a link is a pure function of that key and of a counter made of the chain, the
link and the attempt. Every backend of :mod:`gaugeflow.kernels` therefore draws the same numbers, for any count of
threads.

The function of key and counter is Philox4x32-10 of J. Salmon et al., "Parallel random numbers: as easy as 1, 2, 3",
SC11 (2011).
"""

import hashlib
from operator import index

import torch
from torch import Tensor

__all__ = ["ROUNDS", "draw_key", "philox", "split_key", "stream", "uniform32", "uniform64"]

ROUNDS = 10
MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
WEYL = (0x9E3779B9, 0xBB67AE85)
MASK = 0xFFFFFFFF
MERSENNE = slice(3, 3 + 624)
"""The words of the Mersenne twister among the 64-bit words of a CPU generator's state, behind seed and place."""


def stream(*key: int | str, device: str | torch.device = "cpu") -> torch.Generator:
    """A generator for each key, as ``stream("report", seed)``: what it is for, then whole numbers of any size.

    SHAKE-256 of the key gives all 624 words of the Mersenne twister on the CPU, and the 64 bits of the Philox key that
    a CUDA generator has. Two keys have one stream with a chance of 2^-64 at most. Keys of another length are other
    keys, which they are not for numpy's SeedSequence: there (1,), (1, 0) and (1, 0, 0) are the same.

    Raises:
        TypeError: a part that is neither text nor a whole number.
    """
    named = repr([part if isinstance(part, str) else index(part) for part in key])
    words = hashlib.shake_256(named.encode()).digest(8 + 4 * 624)
    generator = torch.Generator(device)
    generator.manual_seed(int.from_bytes(words[:8], "little"))
    state = generator.get_state()
    if state.numel() > 8 * 624:
        filled = torch.frombuffer(bytearray(words[8:]), dtype=torch.uint32).to(torch.int64)
        state.view(torch.int64)[MERSENNE] = filled
        generator.set_state(state)
    return generator


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
