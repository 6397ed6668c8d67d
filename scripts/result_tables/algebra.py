"""What the algebra of the symmetry harness finds, beside what is known."""

from __future__ import annotations

import json
from typing import Any

from gaugeflow.symmetry.examples.degenerate import DEGENERATE
from result_tables.table import ROOT, table, written


def results() -> dict[str, Any]:
    """What `scripts/algebra.py` found last."""
    found: dict[str, Any] = json.loads((ROOT / "scripts/results/algebra.json").read_text())
    return found


def _below(found: dict[str, Any]) -> str:
    seconds = sum(row["seconds"] for row in found["rows"])
    return f"`python scripts/algebra.py` ({seconds:.0f} seconds); {found['machine']}; {found['date']}."


@table("algebra")
def algebra() -> str:
    """One line for each question."""
    found = results()
    lines = [[f"{row['table']}: {row['question']}", row["known"], row["found"]] for row in found["rows"]]
    return written(["question", "known", "found"], lines, _below(found))


def _pairs(kind: str) -> str:
    """Which features tell which pair of one kind of value apart."""
    found = results()
    rows = [row for row in found["pairs"] if DEGENERATE[row["pair"]].a.name == kind]
    features = list(dict.fromkeys(row["features"] for row in rows))
    apart = {(row["pair"], row["features"]): "apart" if row["apart"] else "alike" for row in rows}
    pairs = dict.fromkeys((row["pair"], row["group"]) for row in rows)
    lines = [[pair, group, *(apart.get((pair, name), "-") for name in features)] for pair, group in pairs]
    return written(["pair", "group", *features], lines, _below(found))


@table("algebra-pairs-of-points")
def pairs_of_points() -> str:
    """Point clouds that look alike."""
    return _pairs("points")


@table("algebra-pairs-of-links")
def pairs_of_links() -> str:
    """Fields of links that look alike."""
    return _pairs("links")
