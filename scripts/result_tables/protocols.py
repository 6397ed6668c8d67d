"""What evolutions of SU(3) in four dimensions are worth, by the steps of their protocol."""

from __future__ import annotations

import json
import math

from result_tables.evolutions import COUNTED, SPENT, Row, counted, spent
from result_tables.table import ROOT, rounded, table, uncertain, written


def measured(kind: str = "rows") -> list[Row]:
    """A row for each protocol, or for each of the `responses`."""
    found: dict[str, list[Row]] = json.loads((ROOT / "scripts" / "results" / "protocols.json").read_text())
    return found[kind]


def _below(rows: list[Row]) -> str:
    """The command, its seconds, and each machine with the date of its last row."""
    machines = {row["measured"]["machine"]: row["measured"]["date"] for row in rows}
    named = "; ".join(f"{machine}, one thread, {date}" for machine, date in machines.items())
    return f"`python scripts/protocols.py`, {sum(row['seconds'] for row in rows):.0f} s; {named}."


def _target(row: Row) -> tuple[float, int]:
    return row["beta"], row["extent"]


@table("protocols")
def protocols() -> str:
    """Effective samples and lost work of each protocol, and what it costs."""
    rows = measured()
    head = ["start", "beta", "lattice", "sweeps", "times", *COUNTED, "log ESS / V", *SPENT]
    cells = [
        [
            row["start"],
            f"{row['beta']:g}",
            f"{row['extent']}^4",
            str(1 + row["overrelaxation"]),
            row["times"],
            *counted(row),
            f"{math.log(row['ess']) / row['extent'] ** 4:.2g}",
            *spent(row, [other for other in rows if _target(other) == _target(row)]),
        ]
        for row in rows
    ]
    return written(head, cells, _below(rows))


@table("responses")
def responses() -> str:
    """The answer of loops to the coupling from the same fields both ways."""
    rows = measured("responses")
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
    return written(head, cells, _below(rows))
