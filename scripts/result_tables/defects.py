"""What it takes to close a defect in four dimensions."""

from __future__ import annotations

import json

from result_tables.table import ROOT, rounded, table, uncertain, written


@table("defects")
def defects() -> str:
    """Effective samples and lost work by steps, by the links that are updated, with and without layers."""
    found = json.loads((ROOT / "scripts" / "results" / "defects.json").read_text())
    head = ["L_d", "updates of links", "layers", "steps", "evolutions", "ESS", "variance", "W_d", "links", "s"]
    cells = [
        [
            str(row["length"]),
            row["updates"],
            "yes" if row["layers"] else "no",
            str(row["steps"]),
            f"{row['evolutions']}{'' if row['evolutions'] >= row['needed'] else ' (few)'}",
            uncertain(row["ess"], row["ess_error"]),
            rounded(row["variance"]),
            uncertain(row["dissipated"], row["dissipated_error"]),
            rounded(row["link_updates"]),
            rounded(row["seconds"] / row["evolutions"]),
        ]
        for row in found["rows"]
    ]
    machine, seconds = found["measured"], sum(row["seconds"] + row["learning_seconds"] for row in found["rows"])
    below = f"`python scripts/defects.py`, {seconds:.0f} s; {machine['machine']}, one thread; {machine['date']}."
    return written(head, cells, below)
