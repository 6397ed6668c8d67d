"""Markov chains against closed forms and published numbers."""

from __future__ import annotations

import json
from typing import Any

from result_tables.table import ROOT, group, lattice, table, uncertain, written

FILE = "scripts/results/ensembles.json"
HEAD = ["theory", "sampler", "observable", "measured", "reference", "difference, errors", "count"]
SHORT = (
    ("u1 16x16 beta=3.0 heatbath", "charge^2"),
    ("su2 16x16 beta=2.2 hmc", "plaquette"),
    ("su3 16x16 beta=6.0 heatbath", "plaquette"),
    ("su3 8x8x8x4 beta=3.36 hmc", "plaquette"),
    ("su3 16x16x16x16 beta=6.0 heatbath", "plaquette"),
)


def _rows() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((ROOT / FILE).read_text())["rows"]
    return found


def _cells(row: dict[str, Any]) -> list[str]:
    exact = row["reference_error"] == 0
    reference = f"{row['reference']:.6g} (exact)" if exact else uncertain(row["reference"], row["reference_error"])
    return [
        _theory(row),
        row["sampler"],
        row["observable"],
        uncertain(row["value"], row["error"]),
        reference,
        f"{row['difference_in_errors']:+.2f}",
        str(row["count"]),
    ]


def _theory(row: dict[str, Any]) -> str:
    if row["group"] == "phi4":
        return f"phi^4, m2 = -4, lambda = 8, {lattice(row['shape'])}"
    stretched = f", xi = {row['xi']:g}" if row.get("xi", 1.0) != 1 else ""
    return f"{group(row['group'])}, {lattice(row['shape'])}, beta = {row['beta']:g}{stretched}"


def _below() -> str:
    found = json.loads((ROOT / FILE).read_text())
    days = sorted({row["date"] for row in found["rows"]})  # a row may be measured anew by itself
    span = days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"
    return f"`python scripts/validate_ensembles.py --output {FILE}` (half an hour); {found['machine']}; {span}."


@table("ensembles")
def ensembles() -> str:
    """Every comparison."""
    return written([*HEAD, "source"], [[*_cells(row), row["source"]] for row in _rows()], _below())


@table("ensembles-short")
def short() -> str:
    """For the README."""
    rows = {(row["case"], row["observable"]): row for row in _rows()}
    return written(HEAD, [_cells(rows[key]) for key in SHORT], _below())
