"""Trained flows averaged over symmetries, and the parts of trained wavefunctions under a point group."""

from __future__ import annotations

import json
from typing import Any

from result_tables.table import ROOT, rounded, table, uncertain, written

Row = dict[str, Any]
COMMAND = "python scripts/symmetrized.py"


def _rows(kind: str) -> list[Row]:
    found: list[Row] = json.loads((ROOT / "scripts" / "results" / "symmetrized.json").read_text())[kind]
    return found


def _below(rows: list[Row]) -> str:
    machines = sorted({f"{row['measured']['machine']}, one thread; {row['measured']['date']}" for row in rows})
    return f"`{COMMAND}`; {'; '.join(machines)}."


@table("symmetrized-flows")
def flows() -> str:
    """What an average wins, and what as many seconds of longer training win."""
    rows = _rows("flows")
    head = ["NAME", "operations", "samples", "ESS before", "ESS averaged", "KL won", "seconds"]
    head += ["ESS trained on", "KL won", "seconds"]
    cells = []
    for row in rows:
        longer = row["trained_on"]
        cells.append(
            [
                row["name"],
                f"{row['elements']} of {row['order']}",
                str(row["samples"]),
                uncertain(row["ess_base"], row["ess_base_error"]),
                uncertain(row["ess_symmetrized"], row["ess_symmetrized_error"]),
                uncertain(row["kl_won"], row["kl_won_error"]),
                rounded(row["seconds"]),
                uncertain(longer["ess"], longer["ess_error"]),
                uncertain(longer["kl_won"], longer["kl_won_error"]),
                rounded(longer["seconds"]),
            ]
        )
    return written(head, cells, _below(rows))


@table("sectors")
def sectors() -> str:
    """The weight outside of each part but the first is what the training has left."""
    rows = _rows("wavefunctions")
    names = list(rows[0]["sectors"]["weights"])
    head = ["NAME", f"1 - weight of {names[0]}", *names[1:], "energy", f"energy of {names[0]}", "reference"]
    cells = []
    for row in rows:
        weights, part = row["sectors"]["weights"], row["sectors"]
        rest = [_small(1 - weights[names[0]]["value"], weights[names[0]]["error"])]
        rest += [_small(weights[name]["value"], weights[name]["error"]) for name in names[1:]]
        energies = [uncertain(row["energy"], row["energy_error"]), uncertain(part["energy"], part["energy_error"])]
        reference = "-" if row["reference"] is None else f"{row['reference']:g}"
        cells.append([row["name"], *rest, *energies, reference])
    return written(head, cells, _below(rows))


def _small(value: float, error: float) -> str:
    return f"{value:.1e} +- {error:.0e}"
