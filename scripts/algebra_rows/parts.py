"""Irreducible parts of representations, and tables of characters."""

from __future__ import annotations

from typing import Any

from algebra_rows.acting import adjoint, fundamental, normal, vector
from algebra_rows.row import row
from gaugeflow.symmetry import Points, irreducible_characters, irreducible_parts, multiplication_table

PARTS = "irreducible parts"


def written(parts: list[Any]) -> str:
    return " + ".join(f"{'' if times == 1 else f'{times} x '}{size} {kind}" for size, times, kind in parts)


@row(PARTS, "SO(3): V x V", "1 real + 3 real + 5 real")
def _() -> str:
    v = vector("rotations")
    return written(irreducible_parts(v * v, "rotations"))


@row(PARTS, "SU(3): 8 x 8", "1 real + 2 x 8 real + 10 complex + 10 complex + 27 real")
def _() -> str:
    return written(irreducible_parts(adjoint(3) * adjoint(3), "global-gauge"))


@row(PARTS, "SU(2): the fundamental representation", "2 quaternionic")
def _() -> str:
    return written(irreducible_parts(fundamental(2), "global-gauge"))


@row(PARTS, "dimensions of the irreducible characters of S_5", "1 1 4 4 5 5 6")
def _() -> str:
    table = multiplication_table("permutations", Points(normal(1, 5, 1)))
    sizes = irreducible_characters(table).abs().amax(1)
    return " ".join(str(round(float(size))) for size in sizes)
