"""How fast chains of SU(3) in four dimensions forget the charge where it is slow."""

from __future__ import annotations

import json
import math
import tomllib
from itertools import pairwise
from typing import Any

from result_tables.table import ROOT, lattice, rounded, table, uncertain, written

NAMES = {"heatbath": "heat bath + overrelaxation", "tempering": "PTBC"}
ENOUGH = 50
"""Changes of the charge from one measurement to the next, below which an autocorrelation time is a lower bound."""


def measured() -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """The machine, and a row for each chain by the name of its configuration."""
    found = json.loads((ROOT / "scripts" / "results" / "frozen.json").read_text())
    return found, found["rows"]


@table("frozen")
def frozen() -> str:
    """Autocorrelation times of Q^2 times the work of an update, and the susceptibility."""
    machine, rows = measured()
    head = ["sampler", "beta", "lattice", "work", "updates", "changes", "tau_int", "tau_int x work", "<Q>", "<Q^2>"]
    head += ["chi^(1/4) r0", "swaps", "s"]
    cells = []
    for row in rows.values():
        squared, charges = row["charge_squared"], row["charges"][row["first"] :]
        updates = row["interval"] * len(charges)
        tau, error = (row["interval"] * squared[key] for key in ("tau_int", "tau_int_error"))
        changes = sum(a != b for a, b in pairwise(charges))
        least = changes < ENOUGH
        swaps = [entry["value"] for key, entry in row["sampling"].items() if key.startswith("swap_acceptance")]
        cells.append(
            [
                NAMES[row["sampler"]["name"]],
                f"{row['action']['beta']:g}",
                lattice(row["shape"]),
                rounded(row["work"]),
                str(updates),
                str(changes),
                f"> {rounded(tau)}" if least else uncertain(tau, error),
                f"> {rounded(tau * row['work'])}" if least else uncertain(tau * row["work"], error * row["work"]),
                uncertain(row["charge"]["value"], row["charge"]["error"]),
                uncertain(squared["value"], squared["error"]),
                uncertain(*susceptibility(row)),
                f"{min(swaps):.2f} to {max(swaps):.2f}" if swaps else "-",
                rounded(row["seconds"] / (row["interval"] * len(row["charges"]))),
            ]
        )
    for other in tomllib.loads((ROOT / "scripts" / "results" / "published.toml").read_text())["susceptibilities"]:
        value = uncertain(other["value"], other["error"])
        cells.append([f"{other['name']}, {other['source']}", *["-"] * 9, value, "-", "-"])
    seconds = sum(row["seconds"] for row in rows.values())
    below = f"`python scripts/frozen.py`, {seconds:.0f} s; {machine['machine']}, one thread each; {machine['date']}."
    return written(head, cells, below)


def scale(beta: float) -> float:
    """r0/a of Wilson's action for 5.7 <= beta <= 6.92, hep-lat/0108008 eq. (2.6)."""
    x = beta - 6.0
    return math.exp(1.6804 + 1.7331 * x - 0.7849 * x**2 + 0.4428 * x**3)


def susceptibility(row: dict[str, Any]) -> tuple[float, float]:
    """(<Q^2> / V)^(1/4) r0 with its error."""
    squared = row["charge_squared"]
    value = scale(row["action"]["beta"]) * (squared["value"] / math.prod(row["shape"])) ** 0.25
    return value, value * squared["error"] / squared["value"] / 4
