"""What it takes to close a defect in four dimensions."""

from __future__ import annotations

import json

from result_tables.evolutions import COUNTED, SPENT, counted, spent
from result_tables.table import ROOT, table, written


@table("defects")
def defects() -> str:
    """Effective samples and lost work by steps, by the links that are updated, with and without layers."""
    found = json.loads((ROOT / "scripts" / "results" / "defects.json").read_text())
    rows = found["rows"]
    head = ["L_d", "updates of links", "layers", "times", *COUNTED, *SPENT]
    cells = [
        [
            str(row["length"]),
            row["updates"],
            "yes" if row["layers"] else "no",
            row["times"],
            *counted(row),
            *spent(row, [other for other in rows if other["length"] == row["length"]]),
        ]
        for row in rows
    ]
    seconds = sum(row["seconds"] + row["learning_seconds"] for row in rows)
    machines = ", ".join(dict.fromkeys(row["machine"] for row in rows))
    below = f"`python scripts/defects.py`, {seconds:.0f} s; {machines}, one thread; {found['measured']['date']}."
    return written(head, cells, below)
