"""The lattices that a length allows, for files that state no extents."""

import math
from collections.abc import Iterator, Sequence

__all__ = ["allowed_shapes", "extents_text", "likely_fields"]

GROUPS, SHAPES = 2, 4
"""How many a message names."""
LARGEST_N = 8
ELONGATED = 8
"""Lattices longer than that many times their shortest extent are not thought of."""


def extents_text(shape: Sequence[int]) -> str:
    """``8 x 8 x 8 x 4``, for messages."""
    return " x ".join(map(str, shape))


def allowed_shapes(sites: int) -> list[tuple[int, int, int, int]]:
    """Extents (x, y, z, t) of so many sites, the likeliest first.

    Cubes in space come before other lattices, even extents before odd ones, and t between one and two times x before
    longer and shorter ones.
    """
    return sorted(_factors(sites), key=_unlikeliness)


def likely_fields(count: int, group: str | None = None) -> list[str]:
    """Fields of so many real numbers in words, ``su3 on 4 x 4 x 4 x 8, 8 x 4 x 4 x 4``, the likeliest first.

    Args:
        count: real numbers in the file: 8 N^2 a site.
        group: the only one that is thought of; by default SU(3), SU(2), SU(4), ... in turn.
    """
    known = [int(group[2:])] if group and group.startswith("su") else [3, 2, *range(4, LARGEST_N + 1)]
    fits = {n: allowed_shapes(count // (8 * n * n))[:SHAPES] for n in known if count % (8 * n * n) == 0}
    return [f"su{n} on {', '.join(map(extents_text, shapes))}" for n, shapes in fits.items() if shapes][:GROUPS]


def _factors(sites: int) -> Iterator[tuple[int, int, int, int]]:
    """Three divisors in falling order and t, none ELONGATED times another."""
    divisors = [k for k in range(1, min(sites, 1 << 10) + 1) if sites % k == 0]
    for x in divisors:
        for y in (k for k in divisors if k <= x and sites % (x * k) == 0):
            for z in (k for k in divisors if k <= y and sites % (x * y * k) == 0):
                shape = (x, y, z, sites // (x * y * z))
                if max(shape) <= ELONGATED * min(shape):
                    yield shape


def _unlikeliness(shape: tuple[int, int, int, int]) -> tuple[int, int, float, float]:
    x, _, z, t = shape
    odd = sum(extent % 2 for extent in shape)
    return int(x != z), odd, math.log2(x / z), abs(math.log2(t / x) - 0.5)
