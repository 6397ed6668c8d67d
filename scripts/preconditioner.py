#!/usr/bin/env python
"""Steps of conjugate gradients for the covariant Laplacian, SU(2) in two dimensions, with a learned preconditioner.

    python scripts/preconditioner.py       about three minutes of one core; writes scripts/results/preconditioner.json

For each beta and each smoothing a preconditioner is trained on four fields of 16 x 16, at one mass, with one right-hand
side each. It is tested on other fields of the exact sampler, at several masses, and on a larger lattice. Steps are
counted until the residual is 1e-8 of the right-hand side, which is made of normal random numbers. A hop is a
product of a colour matrix and a vector of another site: the Laplacian has 4 for each site.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from benchmarks.machine import machine
from torch import Tensor

from gaugeflow.lattice import Laplacian, WilsonAction, cold_start
from gaugeflow.linalg import conjugate_gradients
from gaugeflow.montecarlo import ExactSampler
from gaugeflow.nn import GaugeTheory, Preconditioner

RESULT = Path(__file__).parent / "results" / "preconditioner.json"
THEORY = GaugeTheory("su2", 2, rotations="all")
BETAS = (8.0, 2.0)
SMOOTHING: dict[str, tuple[str, ...]] = {"a number": ("",), "neighbours": ("", "+x", "-x", "+y", "-y")}
TRAINING_MASS, TRAINING_FIELDS, TRAINING_STEPS = 0.01, 4, 8
TESTS = {(16, 16): (32, (0.1, 0.01, 0.0)), (64, 64): (4, (0.01,))}
"""Lattices with the number of fields and m^2."""


def problem(beta: float, shape: tuple[int, ...], count: int, seed: int) -> tuple[Tensor, Tensor]:
    """Independent fields, and a right-hand side for each."""
    generator = torch.Generator().manual_seed(seed)
    links = ExactSampler(WilsonAction(2, beta)).update(cold_start("su2", shape, count), generator)[0]
    return links, torch.randn(count, 1, *shape, 2, dtype=links.dtype, generator=generator)


def train(m: Preconditioner, links: Tensor, b: Tensor) -> None:
    """Makes the residuals after a few steps small, by their mean logarithm."""
    laplacian = Laplacian(links, TRAINING_MASS)
    optimiser = torch.optim.LBFGS(m.parameters(), max_iter=40, history_size=20, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimiser.zero_grad()
        found = conjugate_gradients(laplacian, b, precondition=m.over(links), tolerance=0, iterations=TRAINING_STEPS)
        value = found.residual.log().mean()
        value.backward()
        return value

    optimiser.step(loss)


@torch.no_grad()
def steps(m: Preconditioner | None, links: Tensor, b: Tensor, mass_squared: float) -> dict[str, float]:
    """How many it takes: the mean over the fields, and its error."""
    precondition = None if m is None else m.over(links)
    found = conjugate_gradients(Laplacian(links, mass_squared), b, precondition=precondition)
    count = found.iterations.double()
    error = float(count.std()) / math.sqrt(len(count))
    return {"mean": float(count.mean()), "error": error, "fields": len(count)}


def rows(beta: float) -> Iterator[dict[str, Any]]:
    """Every smoothing on every test, before and after training."""
    tests = {shape: problem(beta, shape, count, seed=2) for shape, (count, _) in TESTS.items()}
    for smoothing, paths in SMOOTHING.items():
        first, m = (Preconditioner(THEORY, 3, smoothing=paths) for _ in range(2))
        train(m, *problem(beta, (16, 16), TRAINING_FIELDS, seed=1))
        for shape, mass in ((shape, mass) for shape, (_, masses) in TESTS.items() for mass in masses):
            about = {"beta": beta, "smoothing": smoothing, "shape": shape, "mass_squared": mass}
            cost = {"hops": m.over(tests[shape][0]).hops, "parameters": sum(p.numel() for p in m.parameters())}
            counts = {"plain": None, "untrained": first, "learned": m}
            yield about | cost | {name: steps(which, *tests[shape], mass) for name, which in counts.items()}


def main() -> None:
    torch.set_num_threads(1)
    found = []
    for row in (row for beta in BETAS for row in rows(beta)):
        print(json.dumps(row), flush=True)
        found.append(row)
    RESULT.write_text(json.dumps(machine() | {"rows": found}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
