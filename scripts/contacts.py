#!/usr/bin/env python
"""Bosons, and particles that repel each other at contact, beside their closed forms.

    python scripts/contacts.py            all rows; about ten minutes of one core; an interrupted run goes on
    python scripts/contacts.py NAME ...   these

The rows are the shipped configurations `trap_bosons`, `ring_bosons` and `ring_fermions` with other strengths. The runs
lie in `runs/contacts`, the rows in `scripts/results/contacts.json`.
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
RESULT = ROOT / "scripts" / "results" / "contacts.json"
ROWS: dict[str, tuple[str, float | None]] = {
    "trap_bosons": ("trap_bosons", None),
    "ring_bosons_c1": ("ring_bosons", 1.0),
    "ring_bosons_c4": ("ring_bosons", 4.0),
    "ring_bosons_c10": ("ring_bosons", 10.0),
    "ring_fermions_c1": ("ring_fermions", 1.0),
    "ring_fermions_c4": ("ring_fermions", 4.0),
}
"""The configuration and the strength of the contact in it."""
KEPT = ("energy", "energy_error", "variance", "reference", "deviation", "parameters", "seconds")


def row(name: str) -> dict[str, Any]:
    """What the report of a run says; made, or gone on with, or read."""
    shipped, strength = ROWS[name]
    folder = ROOT / "runs" / "contacts" / name
    if (folder / "config.yaml").exists():
        report = runs.resume(VMC, folder)
    else:
        source = runs.Source.read(ROOT / "configs" / "vmc" / f"{shipped}.yaml")
        source.override([] if strength is None else [f"system.contact={strength}"])
        report = runs.start(VMC, source, folder)
    return {"configuration": shipped, "contact": strength, **{key: report[key] for key in KEPT}}


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
        print(f"{name}: {found['energy']:.7f}({found['energy_error']:.7f}), exact {found['reference']:.7f}")


if __name__ == "__main__":
    main()
