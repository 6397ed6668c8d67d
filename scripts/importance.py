#!/usr/bin/env python
"""Energies of shipped quantum dots drawn anew without a Markov chain: importance sampling from independent Gaussians.

    python scripts/importance.py [NAME ...]       shipped runs; dot6_omega1 and dot6_omega0p5 by default

Every electron is drawn from a normal distribution of its own, whose width is found in a first pass, and a configuration
is weighted with psi^2 over the density of the draw. From each of `BATCHES` independent batches some configurations are
taken with these weights; the mean of their local energies is one number, and the spread of the batches is the error.
psi and its derivatives are in float64. The rows stand in `scripts/results/importance.json`.
"""

from __future__ import annotations

import argparse
import json
import math
from copy import deepcopy
from pathlib import Path
from typing import Any

import torch
from benchmarks.machine import machine
from torch import Tensor

from gaugeflow import runs
from gaugeflow.random import stream
from gaugeflow.runs.directory import RunDirectory
from gaugeflow.tasks import VMC
from gaugeflow.wavefunctions import Product, local_energy

ROOT = Path(__file__).resolve().parents[1]
RESULT = ROOT / "scripts" / "results" / "importance.json"
BATCHES, DRAWS, TAKEN, CHUNK = 40, 50_000, 2_000, 2_500
WIDER = 1.08
"""Width of the draws over that of the density, which makes tails of the weights thin."""


def log_weights(psi: Product, x: Tensor, width: float) -> Tensor:
    """log of psi^2 over the density of the draw, ``(batch,)``."""
    parts = [2 * psi(part).log for part in x.split(CHUNK)]
    return torch.cat(parts) + x.square().sum((1, 2)) / (2 * width**2)


@torch.no_grad()
def batch(psi: Product, width: float, draws: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Draws ``(draws, n, d)`` and their normalised weights ``(draws,)``."""
    particles = psi.particles
    size = (draws, particles.n, particles.dimension)
    x = width * torch.randn(size, generator=generator, dtype=torch.float64)
    return x, log_weights(psi, x, width).softmax(0)


def drawn(name: str) -> dict[str, Any]:
    """The energy of a shipped run beside that of its report."""
    path = ROOT / "configs" / "trained" / name
    directory = RunDirectory.open(path)
    task = runs.Run.restore(VMC.of(runs.Source.read(directory.config)), directory, recorded=False).task
    psi = deepcopy(task.psi).double()
    width = 1.5 * float(task.hamiltonian.lengths[0])
    for _ in range(3):  # the width of the density, from draws alone
        x, weights = batch(psi, width, 20_000, stream("importance", name, "width"))
        width = WIDER * math.sqrt(float((weights * x.square().mean((1, 2))).sum()))
    means, sizes = [], []
    for index in range(BATCHES):
        generator = stream("importance", name, index)
        x, weights = batch(psi, width, DRAWS, generator)
        sizes.append(float(1 / weights.square().sum()) / DRAWS)
        taken = x[torch.multinomial(weights, TAKEN, replacement=True, generator=generator)]
        energies = local_energy(psi, task.hamiltonian, taken, chunk_size=CHUNK)
        means.append(float(energies.mean()))
    values = torch.tensor(means, dtype=torch.float64)
    report = json.loads(directory.report.read_text())
    return {
        "name": name,
        "energy": float(values.mean()),
        "error": float(values.std()) / math.sqrt(BATCHES),
        "ess": sum(sizes) / BATCHES,
        "draws": BATCHES * DRAWS,
        "energies": BATCHES * TAKEN,
        "shipped": report["energy"],
        "shipped_error": report["energy_error"],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", default=["dot6_omega1", "dot6_omega0p5"], help="shipped runs")
    options = parser.parse_args()
    torch.set_num_threads(1)
    for name in options.names:
        row = drawn(name)
        found = json.loads(RESULT.read_text())["rows"] if RESULT.exists() else []
        rows = sorted([other for other in found if other["name"] != name] + [row], key=lambda each: each["name"])
        RESULT.write_text(json.dumps(machine() | {"rows": rows}, indent=1) + "\n", encoding="utf-8")
        off = (row["energy"] - row["shipped"]) / math.hypot(row["error"], row["shipped_error"])
        print(f"{name}: {row['energy']:.5f} +- {row['error']:.5f}, shipped {row['shipped']:.5f}, {off:+.2f} errors")


if __name__ == "__main__":
    main()
