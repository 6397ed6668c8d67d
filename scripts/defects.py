#!/usr/bin/env python
"""What closing a defect of SU(3) in four dimensions costs: by updates of all links or of those about it, with layers.

    python scripts/defects.py          # about an hour of one processor; an interrupted run goes on
    python scripts/defects.py --anew   # measures all rows again

Writes `scripts/results/defects.json` after every row. All rows of a defect begin in the same fields, of chains in
equilibrium with the open defect; the weights of its plaquettes then rise in steps that are equal, or learned in
shorter pilot runs. At each step between there is a sweep of the heat bath and one of overrelaxation. Layers and times
are learned on other fields than they are measured on. The unit of work is the update of one link, by a sweep or by a
layer.
"""

import math
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from benchmarks.evolutions import Kept, fields_of, measure_rows, numbers
from benchmarks.machine import processor

from gaugeflow.flows import StoutStep, Work, learned_layers, learned_times, linear_times, protocol
from gaugeflow.lattice import Defect, LoopAction, WilsonAction
from gaugeflow.montecarlo import HeatBath

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "scripts" / "results" / "defects.json"
FIELDS = ROOT / "runs" / "defects"
BETA, REACH = 6.0, 1
DRAWS = 8
LEARNED = 32
"""Fields that layers and times are learned on."""
PILOT, ROUNDS = 128, 3
"""Steps of the runs in which times are learned, and how many runs."""
CHUNK = 16
"""Evolutions that move together."""


class Row(NamedTuple):
    """A lattice, the sites of a defect along each axis, which links are updated, layers or none, steps, evolutions, and
    how the steps are spaced."""

    extent: int
    length: int
    updates: str
    layers: bool
    steps: int
    evolutions: int
    times: str = "equal"


ROWS = [
    *(Row(12, 3, "about it", False, steps, 64) for steps in (16, 64, 256)),
    *(Row(12, 3, "about it", True, steps, 64) for steps in (16, 64)),
    *(Row(12, 3, "all", False, steps, evolutions) for steps, evolutions in ((16, 32), (64, 16))),
    Row(12, 3, "about it", False, 1024, 32),
    Row(12, 3, "about it", False, 2048, 32, "learned"),
    *(Row(12, 4, "about it", False, steps, 64) for steps in (16, 64, 256)),
    *(Row(12, 4, "about it", True, steps, 64) for steps in (16, 64)),
    *(Row(12, 4, "all", False, steps, evolutions) for steps, evolutions in ((16, 32), (64, 16))),
    Row(12, 4, "about it", False, 1024, 32),
]


def path_of(length: int) -> Any:
    """From the open defect to none."""
    return lambda t: WilsonAction(4, BETA).weighted(Defect(length, t) if t < 1 else None)


def measured(row: Row) -> dict[str, Any]:
    """The work of all evolutions of a row."""
    path, generator = path_of(row.length), torch.Generator().manual_seed(2)
    fields = fields_of(FIELDS / f"{row.extent}_{row.length}.pt", path(0.0), row.extent, DRAWS)
    shape, times, region = (row.extent,) * 4, linear_times(row.steps), Defect(row.length, 0.0).around(REACH)
    layers, learning = list[StoutStep](), time.process_time()

    def make(action: LoopAction) -> HeatBath:
        return HeatBath(action, 1, region=None if row.updates == "all" else region)

    if row.times == "learned":
        start = Kept(fields, path(0.0))
        found = learned_times(start, path, make, PILOT, LEARNED // ROUNDS, generator, ROUNDS)  # type: ignore[arg-type]
        times = np.interp(times, linear_times(PILOT), found).tolist()
    if row.layers:
        layers = learned_layers(Kept(fields, path(0.0)), path, times, make, LEARNED, generator)
    begin, base, log_w = time.process_time(), Kept(fields[LEARNED:], path(0.0)), []
    flow = protocol(base, path, times, make, layers=layers)  # type: ignore[arg-type]
    for _ in range(row.evolutions // CHUNK):
        log_w.append(flow.sample(CHUNK, generator)[1].double())
    seconds = time.process_time() - begin
    work = Work(torch.cat(log_w).numpy(), row.steps - 1)
    swept = 4 * math.prod(shape) if row.updates == "all" else int(region(shape).sum())
    moved = int(layers[0].links.sum()) if layers else 0
    return {
        **row._asdict(),
        **numbers(work),
        "link_updates": 2 * (row.steps - 1) * swept + row.steps * moved,
        "seconds": seconds,
        "learning_seconds": begin - learning,
        "machine": processor(),
    }


if __name__ == "__main__":
    measure_rows(str(__doc__), RESULTS, ROWS, measured)
