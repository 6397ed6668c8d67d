#!/usr/bin/env python
"""What evolutions to a finer lattice cost: SU(3) in four dimensions, beta = 6.02 to 6.178, with and without layers.

    python scripts/couplings.py          # about forty minutes of one processor; an interrupted run goes on
    python scripts/couplings.py --anew   # measures all rows again

Writes `scripts/results/couplings.json` after every row. All rows of a lattice begin in the same fields, of chains in
equilibrium at the first coupling, which then grows in equal steps. At each step between there is a sweep of the heat
bath and one of overrelaxation. Layers are learned on 8^4, on other fields than they are measured on, and serve both
lattices. The unit of work is the update of one link, by a sweep or by a layer.
"""

import itertools
import time
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import torch
from benchmarks.evolutions import Kept, fields_of, measure_rows, numbers
from torch import Tensor

from gaugeflow.flows import StoutStep, Work, learned_layers, linear_times, protocol
from gaugeflow.lattice import LoopAction, WilsonAction
from gaugeflow.montecarlo import HeatBath

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "scripts" / "results" / "couplings.json"
FIELDS = ROOT / "runs" / "couplings"
FIRST, LAST = 6.02, 6.178
DRAWS = 5
LEARNED, LEARNED_ON = 8, 8
"""How many fields layers are learned on, and the extent of these."""
CHUNK = 16
"""Evolutions that move together."""


class Row(NamedTuple):
    """A lattice, layers or none, steps, evolutions."""

    extent: int
    layers: bool
    steps: int
    evolutions: int


ROWS = [
    *(Row(8, False, steps, 64) for steps in (8, 16, 32, 64, 128)),
    *(Row(8, True, steps, 64) for steps in (8, 16)),
    *(Row(12, False, steps, 32) for steps in (16, 64)),
    Row(12, True, 16, 32),
]


def path(t: float) -> WilsonAction:
    """From the one coupling to the other."""
    return WilsonAction(4, FIRST + t * (LAST - FIRST))


def sampler(action: LoopAction) -> HeatBath:
    """A sweep of the heat bath and one of overrelaxation."""
    return HeatBath(action, 1)


def fields(extent: int) -> Tensor:
    """Of the first coupling."""
    return fields_of(FIELDS / f"{extent}.pt", path(0.0), extent, DRAWS)


@cache
def learned(steps: int) -> list[StoutStep]:
    """Layers on the small lattice."""
    base, generator = Kept(fields(LEARNED_ON), path(0.0)), torch.Generator().manual_seed(2)
    return learned_layers(base, path, linear_times(steps), sampler, LEARNED, generator)


def served(steps: int, extent: int) -> list[StoutStep]:
    """The same on another."""
    layers = [StoutStep((extent,) * 4, path(a), path(b)) for a, b in itertools.pairwise(linear_times(steps))]
    for layer, known in zip(layers, learned(steps), strict=True):
        layer.load_state_dict(known.state_dict())
    return layers


def measured(row: Row) -> dict[str, Any]:
    """The work of all evolutions of a row."""
    times, begin = linear_times(row.steps), time.process_time()
    layers = served(row.steps, row.extent) if row.layers else []
    learning, generator = time.process_time() - begin, torch.Generator().manual_seed(3)
    base, log_w = Kept(fields(row.extent)[LEARNED:], path(0.0)), []
    begin = time.process_time()
    flow = protocol(base, path, times, sampler, layers=layers)  # type: ignore[arg-type]
    with torch.no_grad():
        for _ in range(row.evolutions // CHUNK):
            log_w.append(flow.sample(CHUNK, generator)[1].double())
    seconds = time.process_time() - begin
    visits = 2 * (row.steps - 1) + row.steps * row.layers
    return {
        **row._asdict(),
        **numbers(Work(torch.cat(log_w).numpy(), row.steps - 1)),
        "link_updates": visits * 4 * row.extent**4,
        "seconds": seconds,
        "learning_seconds": learning,
    }


if __name__ == "__main__":
    measure_rows(str(__doc__), RESULTS, ROWS, measured)
