"""Checks of what holds, and how many of them raised an alarm."""

from __future__ import annotations

import json
from typing import Any

from result_tables.table import ROOT, table, written

FILE = "scripts/results/symmetry_registry.json"
HEAD = ["examples in", "claims", "checks", "called anything but held"]


@table("held-checks")
def held() -> str:
    """One line for each set of dtypes that the examples are made of."""
    found: dict[str, Any] = json.loads((ROOT / FILE).read_text())
    lines = []
    for kinds in sorted({row["dtypes"] for row in found["rows"]}):
        rows = [row for row in found["rows"] if row["dtypes"] == kinds]
        counts = [len(rows), *(sum(row[key] for row in rows) for key in ("checks", "alarms"))]
        lines.append([kinds.replace("/", ", "), *map(str, counts)])
    lines.append(["all", str(len(found["rows"])), str(found["checks"]), str(found["alarms"])])
    bound = found["false_alarm_bound"]
    rate = "" if bound is None else f"; rate of false alarms below {bound:.1e} at 95 %"
    below = f"`python scripts/symmetry_registry.py` (20 minutes){rate}; {found['machine']}; {found['date']}."
    return written(HEAD, lines, below)
