#!/usr/bin/env python
"""Two atoms so far apart that they do not see one another: is the energy of both that of each?

    python scripts/size_consistency.py            all pairs; about an hour of one core; an interrupted run goes on
    python scripts/size_consistency.py He..He     these

One kind of wavefunction with one kind of training is taken for each atom and for the pair. Envelopes, factors or
determinants that do not separate raise the energy of the pair. Of a pair the walkers start with the electrons at either
nucleus, and jumps lead between them. Unpaired electrons of both atoms have parallel spins: with opposite ones Li..H,
whose neutral state then takes two determinants, was trained into Li+..H-. The runs lie in `runs/size_consistency`, the
rows in `scripts/results/size_consistency.json`.
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
RESULT = ROOT / "scripts" / "results" / "size_consistency.json"
PAIRS = {"He..He": ("He", "He"), "Li..H": ("Li", "H"), "Be..He": ("Be", "He")}
UNPAIRED = {"H": 1, "Li": 1}
APART = 20.0
"""In bohr. What is left of the attraction, C6 / R^6 with C6 of a few hartree bohr^6, is below 1e-6 hartree."""
COMMON: dict[str, Any] = {
    "task": "vmc",
    "seed": 1,
    "wavefunction": {
        "ansatz": {"name": "determinant", "terms": 4},
        "backbone": {"name": "ferminet", "layers": [[24, 8], [24, 8]]},
    },
    "walkers": {"count": 512, "move": "all", "width": 0.3, "steps": 10},
    "optimizer": {"name": "spring", "rate": 0.1, "decay": 300},
    "warmup": 50,
    "iterations": 1500,
    "evaluation": 800,
    "examination": 0,
}


def energy(atoms: tuple[str, ...]) -> tuple[float, float]:
    """Of atoms in a row, with its error; made, or gone on with, or read."""
    folder = ROOT / "runs" / "size_consistency" / "".join(atoms)
    places = [[symbol, 0.0, 0.0, APART * index] for index, symbol in enumerate(atoms)]
    spin = sum(UNPAIRED.get(symbol, 0) for symbol in atoms)
    config = COMMON | {"system": {"name": "molecule", "unit": "bohr", "atoms": places, "spin": spin}}
    if (folder / "config.yaml").exists():
        report = runs.resume(VMC, folder)
    else:
        report = runs.start(VMC, runs.Source(json.dumps(config), f"{folder.name}, {APART:g} bohr apart"), folder)
    return report["energy"], report["energy_error"]


def pair_row(first: str, second: str) -> dict[str, Any]:
    """The energy of the pair less those of its parts; a part that comes twice has one error, twice."""
    (a, error_a), (b, error_b), (both, error) = energy((first,)), energy((second,)), energy((first, second))
    parts = 2 * error_a if first == second else (error_a**2 + error_b**2) ** 0.5
    return {
        "pair": both,
        "pair_error": error,
        "parts": a + b,
        "parts_error": parts,
        "difference": both - a - b,
        "difference_error": (error**2 + parts**2) ** 0.5,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="A..B", help=f"of {', '.join(PAIRS)}; all by default")
    names = parser.parse_args().names or [*PAIRS]
    if unknown := sorted({*names} - PAIRS.keys()):
        parser.error(f"expected pairs among {', '.join(PAIRS)}, got {', '.join(unknown)}")
    torch.set_num_threads(1)
    for name in names:
        rows = json.loads(RESULT.read_text())["rows"] if RESULT.exists() else {}
        rows[name] = pair_row(*PAIRS[name])
        rows = {key: rows[key] for key in PAIRS if key in rows}
        RESULT.write_text(json.dumps(machine() | {"rows": rows}, indent=1) + "\n", encoding="utf-8")
        print(f"{name}: {1000 * rows[name]['difference']:+.3f}({1000 * rows[name]['difference_error']:.3f}) mHa")


if __name__ == "__main__":
    main()
