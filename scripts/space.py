#!/usr/bin/env python
"""Bosons, contacts, backflow and three bodies beside closed forms and one another.

    python scripts/space.py            all rows; about half an hour of one core; an interrupted run goes on
    python scripts/space.py NAME ...   these

The rows are shipped configurations with changes. The runs lie in `runs/space`, the rows in
`scripts/results/space.json`.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import torch
from benchmarks.machine import machine

from gaugeflow import runs
from gaugeflow.tasks import VMC

ROOT = Path(__file__).resolve().parents[1]
RESULT = ROOT / "scripts" / "results" / "space.json"
PAIR, CLOUD = "wavefunction.backflow=0", "wavefunction.vector_cloud={channels: 6, width: 16}"
ROWS: dict[str, tuple[str, list[str]]] = {
    "trap_bosons": ("trap_bosons", []),
    **{f"ring_bosons_c{c}": ("ring_bosons", [f"system.contact={c}"]) for c in (1, 4, 10)},
    **{f"ring_fermions_c{c}": ("ring_fermions", [f"system.contact={c}"]) for c in (1, 4)},
    "dot6_backflow": ("dot6_backflow", []),
    **{f"dot6_pair_{seed}": ("dot6_backflow", [PAIR, f"seed={seed}"]) for seed in (1, 2, 3)},
    **{f"dot6_cloud_{seed}": ("dot6_backflow", [PAIR, CLOUD, f"seed={seed}"]) for seed in (1, 2, 3)},
}
"""The configuration and what is changed in it."""
KEPT = ("energy", "energy_error", "variance", "reference", "deviation", "parameters", "seconds")


def row(name: str) -> dict[str, Any]:
    """What the report of a run says; made, or gone on with, or read."""
    shipped, changes = ROWS[name]
    folder = ROOT / "runs" / "space" / name
    if (folder / "config.yaml").exists():
        report = runs.resume(VMC, folder)
    else:
        source = runs.Source.read(ROOT / "configs" / "vmc" / f"{shipped}.yaml")
        source.override(changes)
        report = runs.start(VMC, source, folder)
    return {"configuration": shipped, "set": changes, **{key: report[key] for key in KEPT}}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(ROWS)}; all by default")
    names = parser.parse_args().names or [*ROWS]
    if unknown := sorted({*names} - ROWS.keys()):
        parser.error(f"expected rows among {', '.join(ROWS)}, got {', '.join(unknown)}")
    torch.set_num_threads(1)
    for name in names:
        rows = json.loads(RESULT.read_text())["rows"] if RESULT.exists() else {}
        rows[name] = row(name)
        rows = {key: rows[key] for key in ROWS if key in rows}
        RESULT.write_text(json.dumps(machine() | {"rows": rows}, indent=1) + "\n", encoding="utf-8")
        found = rows[name]
        print(f"{name}: {found['energy']:.7f}({found['energy_error']:.7f}), reference {found['reference']:.7f}")


if __name__ == "__main__":
    main()
