#!/usr/bin/env python
"""What closing a defect of SU(3) in four dimensions costs: by updates of all links or of those about it, with layers.

    python scripts/defects.py          # about an hour of one processor; an interrupted run goes on
    python scripts/defects.py --anew   # measures all rows again

Writes `scripts/results/defects.json` after every row. All rows of a defect begin in the same fields, of chains in
equilibrium with the open defect; the weights of its plaquettes then rise in equal steps. At each step between there is
a sweep of the heat bath and one of overrelaxation. Layers are learned on other fields than they are measured on. The
unit of work is the update of one link, by a sweep or by a layer.
"""

import argparse
import json
import math
import time
from pathlib import Path
from typing import Any, NamedTuple

import torch
from benchmarks.evolutions import numbers
from benchmarks.machine import machine
from torch import Tensor

from gaugeflow.flows import EquilibriumBase, StoutStep, Work, learned_layers, linear_times, protocol
from gaugeflow.flows.bases.base import Base
from gaugeflow.groups import get_group
from gaugeflow.lattice import Defect, LoopAction, WilsonAction
from gaugeflow.montecarlo import HeatBath

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "scripts" / "results" / "defects.json"
FIELDS = ROOT / "runs" / "defects"
BETA, REACH = 6.0, 1
CHAINS, WARMUP, BETWEEN, DRAWS = 16, 60, 5, 8
LEARNED = 32
"""Fields that layers are learned on."""
CHUNK = 16
"""Evolutions that move together."""


class Row(NamedTuple):
    """A lattice, the sites of a defect along each axis, which links are updated, layers or none, steps, evolutions."""

    extent: int
    length: int
    updates: str
    layers: bool
    steps: int
    evolutions: int


ROWS = [
    *(Row(12, 3, "about it", False, steps, 64) for steps in (16, 64, 256)),
    *(Row(12, 3, "about it", True, steps, 64) for steps in (16, 64)),
    *(Row(12, 3, "all", False, steps, evolutions) for steps, evolutions in ((16, 32), (64, 16))),
    Row(12, 3, "about it", False, 1024, 32),
]


class Kept(Base):
    """Fields in equilibrium, of which each draw takes the next ones; their density is that of an action."""

    def __init__(self, fields: Tensor, action: LoopAction) -> None:
        super().__init__(fields.shape[2:-2], fields.real.dtype)
        self.fields, self.action, self.place = fields, action, 0

    def draw(self, num_samples: int, generator: torch.Generator) -> Tensor:
        self.place += num_samples
        return self.fields[self.place - num_samples : self.place]

    def log_prob(self, z: Tensor) -> Tensor:
        return -self.action(z)


def path_of(length: int) -> Any:
    """From the open defect to none."""
    return lambda t: WilsonAction(4, BETA).weighted(Defect(length, t) if t < 1 else None)


def fields_of(extent: int, length: int) -> Tensor:
    """Fields with an open defect, made once: those of a draw are of independent chains."""
    file, shape, first = FIELDS / f"{extent}_{length}.pt", (extent,) * 4, path_of(length)(0.0)
    if not file.exists():
        base = EquilibriumBase(
            get_group("su3"), shape, HeatBath(first, 1), first, WARMUP, between=BETWEEN, dtype=torch.float32
        )
        generator = torch.Generator().manual_seed(1)
        FIELDS.mkdir(parents=True, exist_ok=True)
        torch.save(torch.cat([base.draw(CHAINS, generator) for _ in range(DRAWS)]), file)
    return torch.load(file, weights_only=True)  # type: ignore[no-any-return]


def measured(row: Row) -> dict[str, Any]:
    """The work of all evolutions of a row."""
    fields, path, generator = fields_of(row.extent, row.length), path_of(row.length), torch.Generator().manual_seed(2)
    shape, times, region = (row.extent,) * 4, linear_times(row.steps), Defect(row.length, 0.0).around(REACH)
    layers, learning = list[StoutStep](), time.process_time()

    def make(action: LoopAction) -> HeatBath:
        return HeatBath(action, 1, region=None if row.updates == "all" else region)

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
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--anew", action="store_true", help="also what stands in the results already")
    torch.set_num_threads(1)
    rows: list[dict[str, Any]] = []
    if RESULTS.exists() and not parser.parse_args().anew:
        rows = json.loads(RESULTS.read_text())["rows"]
    for row in ROWS:
        known = [tuple(found[field] for field in Row._fields) for found in rows]
        if row not in known:
            rows.append(measured(row))
            known.append(row)
            order = [rows[known.index(each)] for each in ROWS if each in known]
            RESULTS.write_text(json.dumps({"measured": machine(), "rows": order}) + "\n")


if __name__ == "__main__":
    main()
