"""What evolutions of SU(3) in four dimensions are worth, by the steps of their protocol."""

from __future__ import annotations

import json
import math
from typing import Any

from result_tables.table import ROOT, rounded, table, uncertain, written

Row = dict[str, Any]


def measured(kind: str = "rows") -> tuple[dict[str, Any], list[Row]]:
    """The machine, and a row for each protocol, or for each of the `responses`."""
    found = json.loads((ROOT / "scripts" / "results" / "protocols.json").read_text())
    return found["measured"], found[kind]


@table("protocols")
def protocols() -> str:
    """Effective samples and lost work of each protocol, and what it costs."""
    machine, rows = measured()
    head = ["start", "beta", "lattice", "steps", "evolutions", "ESS", "log ESS / V", "variance", "W_d", "links", "s"]
    cells = [
        [
            row["start"],
            f"{row['beta']:g}",
            f"{row['extent']}^4",
            str(row["steps"]),
            f"{row['evolutions']}{'' if row['evolutions'] >= row['needed'] else ' (few)'}",
            uncertain(row["ess"], row["ess_error"]),
            f"{math.log(row['ess']) / row['extent'] ** 4:.2g}",
            rounded(row["variance"]),
            uncertain(row["dissipated"], row["dissipated_error"]),
            rounded(row["link_updates"]),
            rounded(row["seconds"] / row["evolutions"]),
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
