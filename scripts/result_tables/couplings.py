"""What evolutions to a finer lattice cost in four dimensions."""

from __future__ import annotations

import json
from typing import Any

from result_tables.evolutions import COUNTED, SPENT, Row, counted, spent
from result_tables.table import ROOT, table, written


def measured() -> dict[str, Any]:
    """The rows, and where they were measured."""
    found: dict[str, Any] = json.loads((ROOT / "scripts" / "results" / "couplings.json").read_text())
    return found


@table("couplings")
def couplings() -> str:
    """Effective samples and lost work by steps, with and without layers."""
    found = measured()
    rows: list[Row] = found["rows"]
    head = ["lattice", "layers", *COUNTED, "steps / V", *SPENT]
    cells = [
        [
            f"{row['extent']}^4",
            "yes" if row["layers"] else "no",
            *counted(row),
            f"{row['steps'] / row['extent'] ** 4:.1e}",
            *spent(row, [other for other in rows if other["extent"] == row["extent"]]),
        ]
        for row in rows
    ]
    machine, seconds = found["measured"], sum(row["seconds"] + row["learning_seconds"] for row in rows)
    below = f"`python scripts/couplings.py`, {seconds:.0f} s; {machine['machine']}, one thread; {machine['date']}."
    return written(head, cells, below)
