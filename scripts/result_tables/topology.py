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
    head = [
        "lattice",
        "beta",
        "sampler",
        "work",
        "updates",
        "changes",
        "tau_int",
        "tau_int x work",
        "ms",
        "<Q^2>",
        "exact",
    ]
    cells = [
        [
            lattice(row["shape"]),
            f"{row['beta']:g}",
            row["method"],
            rounded(row["work"]),
            f"{row['chains']} x {row['updates']}",
            f"{row['changes']:.2g}",
            tau(row) if row["long_enough"] else f"> {rounded(least(row))}",
            f"{'' if row['long_enough'] else '> '}{rounded(least(row) * row['work'])}",
            rounded(1000 * row["seconds"] / row["updates"] / row["chains"]),
            uncertain(row["charge_squared"], row["charge_squared_error"]),
            f"{row['exact']:.4f}",
        ]
        for row in rows
    ]
    seconds = sum(row["seconds"] for row in rows)
    below = f"`python scripts/topology.py`, {seconds:.0f} s; {machine['machine']}, one thread; {machine['date']}."
    return written(head, cells, below)


def tau(row: Row) -> str:
    """The autocorrelation time with its error."""
    return uncertain(row["tau_int"], row["tau_int_error"])


def least(row: Row) -> float:
    """The autocorrelation time, or what it is at least: the length of chains in which no charge has changed."""
    return float(row["tau_int"] if row["changes"] else row["updates"])
