#!/usr/bin/env python
"""What the projection of a wavefunction on sites gains: trained in a sector, projected afterwards, and none.

    python scripts/sectors.py          all rows; about ten minutes of one core; runs that are there are read

Hubbard's ring of eight sites at U = 8, `configs/vmc/hubbard_chain8_u8.yaml` with a smaller network that trains on drawn
walkers. The energies are sums over all configurations. The runs lie in `runs/sectors`, the rows in
`scripts/results/sectors.json`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from benchmarks.machine import machine

from gaugeflow import runs
from gaugeflow.tasks import VMC
from gaugeflow.tasks.vmc.sites.whole import Whole
from gaugeflow.wavefunctions import Product

ROOT = Path(__file__).resolve().parents[1]
RESULT = ROOT / "scripts" / "results" / "sectors.json"
CHANGES = [
    "sampler.train=drawn",
    "walkers={count: 512, power: 1}",
    "wavefunction.backbone.hidden=16",
    "optimizer={name: spring, rate: 0.04, decay: 100, damping: 1e-3, norm_limit: 0.5}",
]
"""What all rows have."""
SECTORS = {
    "none": "null",
    "spin flip": "{spin_flip: 1}",
    "momentum": "{momentum: [1]}",
    "momentum, mirror": "{momentum: [1], point_group: A2}",
    "momentum, mirror, spin flip": "{momentum: [1], point_group: A2, spin_flip: 1}",
}
"""Of the ground state, as the configuration has it."""


def trained(name: str) -> tuple[Any, dict[str, Any]]:
    """The run in a sector and its report; made, or gone on with, or read."""
    folder = ROOT / "runs" / "sectors" / name.replace(", ", "_").replace(" ", "_")
    if (folder / "config.yaml").exists():
        report = runs.resume(VMC, folder)
    else:
        report = runs.start(VMC, source(name), folder)
    return runs.Run.restore(VMC.of(source(name)), runs.RunDirectory.open(folder)).task, report


def source(name: str) -> runs.Source:
    """The configuration of a row."""
    found = runs.Source.read(ROOT / "configs" / "vmc" / "hubbard_chain8_u8.yaml")
    found.override([*CHANGES, f"wavefunction.projection={SECTORS[name]}"])
    return found


def afterwards(plain: Any, name: str) -> float:
    """The energy of a state that was trained without projection, in a sector."""
    projection = VMC.of(source(name)).config.wavefunction.projection
    if projection is None:
        raise ValueError(f"expected a sector, came {name}")
    psi = Product(projection.of(plain.psi.ansatz, plain.hamiltonian), list(plain.psi.factors))
    return Whole(psi, plain.hamiltonian, 100_000, None).mean(psi).value


def main() -> None:
    torch.set_num_threads(1)
    plain, rows = trained("none")[0], {}
    for name in SECTORS:
        task, report = trained(name)
        rows[name] = {
            "motions": len(task.whole.orbits.group.orders),
            "orbits": len(task.whole.orbits.sizes),
            "before": report["energy"],
            "after": report["energy"] if name == "none" else afterwards(plain, name),
            "reference": report["reference"],
            "seconds_per_iteration": report["seconds_per_iteration"],
        }
        print(name, rows[name])
    RESULT.write_text(json.dumps(machine() | {"rows": rows}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
