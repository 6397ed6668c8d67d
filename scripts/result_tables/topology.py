"""How fast samplers of two-dimensional U(1) forget the charge, in equal units of work."""

from __future__ import annotations

import json
from typing import Any

from result_tables.table import ROOT, lattice, rounded, table, uncertain, written

Row = dict[str, Any]


def measured() -> tuple[dict[str, Any], list[Row]]:
    """The machine, and a row for each sampler and coupling."""
    found = json.loads((ROOT / "scripts" / "results" / "topology.json").read_text())
    return found["measured"], found["rows"]


@table("topology")
def topology() -> str:
    """Autocorrelation times of Q^2 times the work of an update."""
    machine, rows = measured()
    head = ["beta", "sampler", "work", "updates", "tau_int", "tau_int x work", "<Q^2>", "exact"]
    cells = [
        [
            f"{row['beta']:g}",
            row["method"],
            rounded(row["work"]),
            f"{row['chains']} x {row['updates']}",
            f"{bound(row)}{uncertain(row['tau_int'], row['tau_int_error'])}",
            f"{bound(row)}{rounded(row['tau_int'] * row['work'])}",
            uncertain(row["charge_squared"], row["charge_squared_error"]),
            f"{row['exact']:.4f}",
        ]
        for row in rows
    ]
    seconds = sum(row["seconds"] for row in rows)
    shape = lattice(rows[0]["shape"])
    below = (
        f"{shape}; `python scripts/topology.py`, {seconds:.0f} s; {machine['machine']}, one thread; {machine['date']}."
    )
    return written(head, cells, below)


def bound(row: Row) -> str:
    """A sign before numbers of a chain that is too short for its autocorrelation time."""
    return "" if row["long_enough"] else "about "
