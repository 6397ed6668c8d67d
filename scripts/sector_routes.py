"""Ways into a symmetry sector beside each other: Hubbard's model on 4 x 4 sites, four up and four down, U = 10.

    python scripts/sector_routes.py       # some minutes of one processor

Trains `configs/vmc/hubbard_4x4_4_4_u10.yaml` with other networks and routes, all over the same 13,236 orbits by
Newton's method, and measures what one and the same projection costs by the sum over configurations and by images of the
orbitals. The rows stand in `scripts/results/sector_routes.json`.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import torch
from benchmarks.machine import machine

from gaugeflow import runs
from gaugeflow.tasks import VMC
from gaugeflow.wavefunctions import occupation

ROOT = Path(__file__).resolve().parents[1]
CONFIGURATION = ROOT / "configs" / "vmc" / "hubbard_4x4_4_4_u10.yaml"
RESULT = ROOT / "scripts" / "results" / "sector_routes.json"
ITERATIONS, BATCH, CONFIGURATIONS, ROUNDS = 16, 64, 1024, 5


class Row(NamedTuple):
    """A route, whether all neighbours count alike, and terms of the determinant."""

    route: str
    isotropic: bool
    terms: int


ROWS = [Row("canonical", False, 4), Row("canonical", True, 4), Row("images", True, 1), Row("images", True, 2)]


def begun(row: Row) -> VMC:
    source = runs.Source.read(CONFIGURATION)
    settings = {
        "wavefunction.ansatz.terms": row.terms,
        "wavefunction.backbone.isotropic": row.isotropic,
        "wavefunction.projection.route": row.route,
        "iterations": ITERATIONS,
    }
    source.override([f"{key}={value}" for key, value in settings.items()])
    made = VMC(runs.validate(VMC.schema, source))
    made.begin()
    return made


def measured(row: Row) -> dict[str, Any]:
    """Trains one of them."""
    made, record, seconds = begun(row), runs.Record(), []
    for index in range(ITERATIONS):
        begin = time.process_time()
        made.step(index, record)
        seconds.append(time.process_time() - begin)
    assert made.whole is not None
    exact = made.config.system.energy
    energies = [*record.metrics.columns("training")["energy"], made.whole.mean(made.psi).value]
    course = [(float(energy) - exact) / abs(exact) for energy in energies]
    return {
        **row._asdict(),
        "parameters": sum(p.numel() for p in made.psi.parameters()),
        "error": course[-1],
        "course": course,
        "seconds": sum(seconds[1:]) / (ITERATIONS - 1),
    }


@torch.no_grad()
def cost() -> dict[str, Any]:
    """Processor seconds of psi on some configurations, by the sum over their images and by those of the orbitals, the
    median of some rounds in turn."""
    made: Any = begun(Row("images", True, 2))
    images = made.psi.ansatz.psi
    ways = {"average": occupation.SiteProjected(images.psi, images.group), "images": images}
    x = made.hamiltonian.particles.draw(CONFIGURATIONS, torch.Generator().manual_seed(1)).to(torch.float32)
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, psi in ways.items():
            begin = time.process_time()
            for part in x.split(BATCH):
                psi(part)
            seconds[name].append(time.process_time() - begin)
    medians = {name: median(each) for name, each in seconds.items()}
    return {"configurations": CONFIGURATIONS, "order": len(images.orders), **medians}


def main() -> None:
    torch.set_num_threads(1)
    rows = [measured(row) for row in ROWS]
    found = {"measured": machine(), "iterations": ITERATIONS, "rows": rows, "cost": cost()}
    RESULT.write_text(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
