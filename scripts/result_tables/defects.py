"""What it takes to close a defect in four dimensions."""

from __future__ import annotations

import json

from result_tables.table import ROOT, rounded, table, uncertain, written


@table("defects")
def defects() -> str:
    """Effective samples and lost work by steps, by the links that are updated, with and without layers.

    log Z is that of the row whose own is sharpest: where evolutions are few, each row's own lies too low.
    """
    found = json.loads((ROOT / "scripts" / "results" / "defects.json").read_text())
    rows = found["rows"]
    best = min(rows, key=lambda row: float(row["log_z_error"]))
    head = ["L_d", "updates of links", "layers", "steps", "evolutions", "ESS", "variance", "W_d", "links", "s"]
    cells = []
    for row in rows:
        lost = best["log_z"] - (row["log_z"] - row["dissipated"])
        error = (row["variance"] / row["evolutions"]) ** 0.5
        cells.append(
            [
                str(row["length"]),
                row["updates"],
                "yes" if row["layers"] else "no",
                str(row["steps"]),
                f"{row['evolutions']}{'' if row['evolutions'] >= row['needed'] else ' (few)'}",
                uncertain(row["ess"], row["ess_error"]),
                rounded(row["variance"]),
                uncertain(lost, error),
                rounded(row["link_updates"]),
                rounded(row["seconds"] / row["evolutions"]),
            ]
        )
    machine, seconds = found["measured"], sum(row["seconds"] + row["learning_seconds"] for row in rows)
    below = f"`python scripts/defects.py`, {seconds:.0f} s; {machine['machine']}, one thread; {machine['date']}."
    return written(head, cells, below)
