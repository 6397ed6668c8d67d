#!/usr/bin/env python
"""Bosons, contacts, backflow and three bodies beside closed forms and one another; densities of trained wavefunctions.

    python scripts/space.py            all rows; about half an hour of one core; an interrupted run goes on
    python scripts/space.py NAME ...   these

The rows are shipped configurations with changes, whose runs lie in `runs/space`, and densities of shipped runs about
their centres. All of them stand in `scripts/results/space.json`.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import torch
from benchmarks.machine import machine

from gaugeflow import runs
from gaugeflow.random import stream
from gaugeflow.tasks import VMC
from gaugeflow.tasks.vmc.shells import DensitySection, density_rows

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
DENSITIES = ("dot6_omega1", "lih")
"""Shipped runs."""
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


def density(name: str) -> dict[str, Any]:
    """That of a shipped run, on walkers that go on from those of its checkpoint."""
    task = runs.open_run(name).task
    of = (task.psi, task.hamiltonian, task.sampler, task.walkers, stream("density", 1))
    found: dict[str, Any] = density_rows(DensitySection(), *of)["density"]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(KNOWN)}; all by default")
    names = parser.parse_args().names or [*KNOWN]
    if unknown := sorted({*names} - {*KNOWN}):
        parser.error(f"expected rows among {', '.join(KNOWN)}, got {', '.join(unknown)}")
    torch.set_num_threads(1)
    for name in names:
        found = json.loads(RESULT.read_text()) if RESULT.exists() else {}
        for kind, (own, make) in KINDS.items():
            rows = found.get(kind, {}) | ({name: make(name)} if name in own else {})
            found[kind] = {key: rows[key] for key in own if key in rows}
        RESULT.write_text(json.dumps(found | machine(), indent=1) + "\n", encoding="utf-8")
        print(name)


KINDS = {"rows": (ROWS, row), "densities": (DENSITIES, density)}
KNOWN = (*ROWS, *DENSITIES)


if __name__ == "__main__":
    main()
