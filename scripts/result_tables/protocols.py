"""What evolutions of SU(3) in four dimensions are worth, by the steps of their protocol."""

from __future__ import annotations

import json
import math
from typing import Any

from result_tables.evolutions import COUNTED, SPENT, Row, counted, spent
from result_tables.table import ROOT, rounded, table, uncertain, written


def measured(kind: str = "rows") -> tuple[dict[str, Any], list[Row]]:
    """The machine, and a row for each protocol, or for each of the `responses`."""
    found = json.loads((ROOT / "scripts" / "results" / "protocols.json").read_text())
    return found["measured"], found[kind]


def _target(row: Row) -> tuple[float, int]:
    return row["beta"], row["extent"]


@table("protocols")
def protocols() -> str:
    """Effective samples and lost work of each protocol, and what it costs."""
    machine, rows = measured()
    head = ["start", "beta", "lattice", *COUNTED, "log ESS / V", *SPENT]
    cells = [
        [
            row["start"],
            f"{row['beta']:g}",
            f"{row['extent']}^4",
            *counted(row),
            f"{math.log(row['ess']) / row['extent'] ** 4:.2g}",
            *spent(row, [other for other in rows if _target(other) == _target(row)]),
        ]
        for row in rows
    ]
    seconds = sum(row["seconds"] for row in rows)
    below = f"`python scripts/protocols.py`, {seconds:.0f} s; {machine['machine']}, one thread; {machine['date']}."
    return written(head, cells, below)


@table("responses")
def responses() -> str:
    """The answer of loops to the coupling from the same fields both ways."""
    machine, rows = measured("responses")
    head = ["d / d beta of", "beta", "lattice", "fields", "by fluctuations", "with the flow", "variance divided by"]
    cells = [
        [
            row["what"],
            f"{row['beta']:g}",
            f"{row['extent']}^4",
            str(row["fields"]),
            uncertain(row["connected"], row["connected_error"]),
            uncertain(row["flowed"], row["flowed_error"]),
            rounded(row["saved"]),
        ]
        for row in rows
    ]
    seconds = sum(row["seconds"] for row in rows)
    below = f"`python scripts/protocols.py`, {seconds:.0f} s; {machine['machine']}, one thread; {machine['date']}."
    return written(head, cells, below)
