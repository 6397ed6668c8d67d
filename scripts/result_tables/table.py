"""What a table is: a name, a function that writes it, and a line below it that says how to make it again."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path

from gaugeflow.montecarlo.errors import Estimate
from gaugeflow.tasks.table import format_table

ROOT = Path(__file__).resolve().parents[2]
TABLES: dict[str, Callable[[], str]] = {}


def table(name: str) -> Callable[[Callable[[], str]], Callable[[], str]]:
    """Decorator: makes a table known under a name."""

    def register(write: Callable[[], str]) -> Callable[[], str]:
        TABLES[name] = write
        return write

    return register


def written(head: Sequence[str], rows: Sequence[Sequence[str]], below: str) -> str:
    """The table, and one line about its command, machine and date."""
    return f"\n{format_table(head, rows)}\n{below}\n\n"


def uncertain(value: float | None, error: float | None = None) -> str:
    """`0.8970(12)`; a dash for what there is not."""
    if value is None or not math.isfinite(value):
        return "-"
    if error is None or not math.isfinite(error):
        return f"{value:.4g}"
    return Estimate(value, error, math.nan, math.nan, math.nan, 0, 0, math.nan).format()


def rounded(value: float) -> str:
    """Three digits, without an exponent for large numbers."""
    return f"{value:.3g}" if value < 1000 else f"{float(f'{value:.3g}'):.0f}"


def lattice(shape: Sequence[int]) -> str:
    """`16^4` for equal extents, else `8 x 4 x 4`."""
    return f"{shape[0]}^{len(shape)}" if len({*shape}) == 1 else " x ".join(map(str, shape))


def group(name: str | None) -> str:
    """`SU(3)` for su3."""
    return "" if name is None else f"{name[:-1].upper()}({name[-1]})"
