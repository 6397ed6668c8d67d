"""Bosons, contacts, backflow and three bodies: energies of short runs beside closed forms."""

from __future__ import annotations

import json
from typing import Any

from result_tables.table import ROOT, rounded, table, uncertain, written

FILE = "scripts/results/space.json"
HEAD = ["configuration", "changes", "energy (Hartree)", "reference", "variance", "parameters"]


def _cells(row: dict[str, Any]) -> list[str]:
    return [
        row["configuration"],
        ", ".join(f"`{change}`" for change in row["set"]) or "-",
        uncertain(row["energy"], row["energy_error"]),
        f"{row['reference']:.7f}",
        rounded(row["variance"]),
        str(row["parameters"]),
    ]


def _written(names: tuple[str, ...]) -> str:
    found = json.loads((ROOT / FILE).read_text())
    rows = [_cells(row) for row in found["rows"].values() if row["configuration"] in names]
    return written(HEAD, rows, f"`python scripts/space.py`; {found['date']}.")


def densities() -> dict[str, Any]:
    """Of shipped runs about their centres, by the name of the run."""
    found: dict[str, Any] = json.loads((ROOT / FILE).read_text())["densities"]
    return found


@table("contacts")
def contacts() -> str:
    """Bosons in a trap, and both statistics on a ring."""
    return _written(("trap_bosons", "ring_bosons", "ring_fermions"))


@table("backflow")
def backflow() -> str:
    """Six electrons in oscillator orbitals, with a pair factor and more."""
    return _written(("dot6_backflow",))
