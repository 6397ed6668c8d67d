"""Conjugate gradients with a learned preconditioner: steps, and what they cost in hops."""

from __future__ import annotations

import json
from typing import Any

from result_tables.table import ROOT, lattice, table, uncertain, written

FILE = "scripts/results/preconditioner.json"
HEAD = ["beta", "m^2", "lattice (fields)", "S acts by", "steps without", "untrained", "trained", "fewer steps"]
HEAD += ["hops of M", "fewer hops"]
LAPLACIAN = 4
"""Hops of the Laplacian in two dimensions."""


def _cells(row: dict[str, Any]) -> list[str]:
    counts = [row[name] for name in ("plain", "untrained", "learned")]
    fewer = row["plain"]["mean"] / row["learned"]["mean"]
    return [
        f"{row['beta']:g}",
        f"{row['mass_squared']:g}",
        f"{lattice(row['shape'])} ({row['plain']['fields']})",
        row["smoothing"],
        *[uncertain(count["mean"], count["error"]) for count in counts],
        f"{fewer:.2f}",
        f"{row['hops']:g}",
        f"{fewer * LAPLACIAN / (LAPLACIAN + row['hops']):.2f}",
    ]


@table("preconditioner")
def preconditioner() -> str:
    """Every beta, mass, lattice and smoothing."""
    found = json.loads((ROOT / FILE).read_text())
    below = f"`python scripts/preconditioner.py` (three minutes); counts alone, no times; {found['date']}."
    return written(HEAD, [_cells(row) for row in found["rows"]], below)
