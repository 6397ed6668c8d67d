"""Energies of pairs of atoms far apart beside those of their parts."""

from __future__ import annotations

import json

from result_tables.table import ROOT, table, uncertain, written


@table("size-consistency")
def size_consistency() -> str:
    """Each pair, the sum of its parts, and the difference."""
    found = json.loads((ROOT / "scripts" / "results" / "size_consistency.json").read_text())
    rows = [
        [
            pair,
            uncertain(row["pair"], row["pair_error"]),
            uncertain(row["parts"], row["parts_error"]),
            uncertain(1000 * row["difference"], 1000 * row["difference_error"]),
        ]
        for pair, row in found["rows"].items()
    ]
    head = ["pair, 20 bohr apart", "energy, hartree", "sum of the parts", "difference, mHa"]
    machine = f"{found['machine']}, {found['threads']} threads; {found['date']}"
    return written(head, rows, f"`python scripts/size_consistency.py`; {machine}.")
