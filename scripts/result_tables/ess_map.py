"""What trivializing flows in four dimensions are worth, coupling by coupling."""

from __future__ import annotations

import json
import math

from result_tables.evolutions import Row
from result_tables.table import ROOT, group, rounded, table, uncertain, written

EFFECTIVE = 30
"""Samples that are to be left when the weights have done their work."""


def measured() -> list[Row]:
    """A row for each flow and lattice."""
    found: list[Row] = json.loads((ROOT / "scripts" / "results" / "ess_map.json").read_text())["rows"]
    return found


def enough(row: Row) -> bool:
    """Whether `EFFECTIVE` samples are left after weighting, if log w is normal."""
    return bool(math.log(row["evolutions"] / EFFECTIVE) >= row["variance"])


def per_site(row: Row) -> float:
    """`log ESS / V`; the ESS of too few samples is taken for that of normal weights."""
    return (math.log(row["ess"]) if enough(row) else -row["variance"]) / row["extent"] ** 4


def _below(rows: list[Row]) -> str:
    made = json.loads((ROOT / "scripts" / "results" / "ess_map.json").read_text())["measured"]
    seconds = sum(row["seconds"] for row in rows)
    return f"`python scripts/ess_map.py`, {seconds:.0f} s; {made['machine']}, one thread; {made['date']}."


@table("ess-map")
def ess_map() -> str:
    """Every flow on both lattices."""
    rows = measured()
    head = ["NAME", "group", "beta", "lattice", "samples", "ESS", "variance", "log ESS / V"]
    cells = [
        [
            row["name"],
            group(row["group"]),
            f"{row['beta']:g}",
            f"{row['extent']}^4",
            str(row["evolutions"]) if enough(row) else f"{row['evolutions']} (few)",
            uncertain(row["ess"], row["ess_error"]),
            rounded(row["variance"]),
            f"{per_site(row):.2g}",
        ]
        for row in rows
    ]
    return written(head, cells, _below(rows))


@table("ess-map-short")
def short() -> str:
    """For the README: a line for each coupling."""
    rows = measured()
    head = ["four dimensions", "ESS, 4^4", "ESS, 8^4", "log ESS / V, 4^4", "log ESS / V, 8^4"]
    cells = []
    for name in dict.fromkeys(row["name"] for row in rows):
        both = [row for row in rows if row["name"] == name]
        worth = [uncertain(row["ess"], row["ess_error"]) if enough(row) else "collapsed" for row in both]
        target = f"{group(both[0]['group'])}, beta = {both[0]['beta']:g}"
        cells.append([target, *worth, *(f"{per_site(row):.2g}" for row in both)])
    return written(head, cells, _below(rows))
