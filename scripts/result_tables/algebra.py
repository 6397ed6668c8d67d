"""What the algebra of the symmetry harness finds, beside what is known."""

from __future__ import annotations

import json
from typing import Any

from result_tables.table import ROOT, table, written


@table("algebra")
def algebra() -> str:
    """One line for each question."""
    found: dict[str, Any] = json.loads((ROOT / "scripts/results/algebra.json").read_text())
    lines = [[f"{row['table']}: {row['question']}", row["known"], row["found"]] for row in found["rows"]]
    seconds = sum(row["seconds"] for row in found["rows"])
    below = f"`python scripts/algebra.py` ({seconds:.0f} seconds); {found['machine']}; {found['date']}."
    return written(["question", "known", "found"], lines, below)
