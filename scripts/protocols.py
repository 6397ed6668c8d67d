#!/usr/bin/env python
"""What evolutions of SU(3) in four dimensions are worth, and what a flow saves where the coupling changes a little.

    python scripts/protocols.py            # about twenty processor minutes
    python scripts/protocols.py --rows 2   # the first two protocols, and short ensembles

Writes `scripts/results/protocols.json` after every row. A protocol goes from Haar measure, or from the shipped flow at
beta = 1, in equal steps of beta to the target; at each beta between there is one sweep of the heat bath. The unit of
work is the update of one link; passes through the flow are in the seconds alone. The last numbers are d<P>/d beta from
one ensemble, by fluctuations and with a flow as control variate.
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any, NamedTuple

import torch
from benchmarks.machine import machine
from torch import nn

from gaugeflow.flows import HaarBase, Response, Work, linear_times, protocol, response_terms
from gaugeflow.groups import get_group
from gaugeflow.lattice import WilsonAction, hot_start
from gaugeflow.montecarlo import HeatBath
from gaugeflow.runs import open_run
from gaugeflow.runs.opening.shipped import named_run

RESULTS = Path(__file__).parent / "results" / "protocols.json"
FLOW, FIRST = "su3_4d_4_beta1", {"Haar": 0.0, "flow": 1.0}
CHUNK = 32
"""Evolutions that move together."""


class Row(NamedTuple):
    """Where evolutions begin, where they end, on which lattice, in how many steps, and how many there are."""

    start: str
    beta: float
    extent: int
    steps: int
    evolutions: int


ROWS = [
    Row("Haar", 2.0, 4, 16, 256),
    *(Row("Haar", 2.0, 4, steps, 128) for steps in (64, 256, 1024)),
    *(Row("flow", 2.0, 4, steps, 128) for steps in (16, 64, 256)),
    *(Row(start, 4.0, 4, 1024, 64) for start in FIRST),
    *(Row(start, 5.7, 4, 2048, 32) for start in FIRST),
    Row("Haar", 2.0, 8, 256, 32),
]

ENSEMBLES = ((1.0, 4, 500), (2.0, 4, 500), (2.0, 8, 100), (4.0, 4, 500))
"""beta, extent and measurements of sixteen chains."""
WARMUP = 20


def base(row: Row) -> nn.Module:
    """Links of Haar measure, or the trained flow."""
    if row.start == "Haar":
        return HaarBase(get_group("su3"), (row.extent,) * 4)
    return open_run(named_run(FLOW)).task.flow  # type: ignore[attr-defined]  # a run of the task `flow` has one


def measured(row: Row) -> dict[str, Any]:
    """The work of all evolutions of a row."""
    first = FIRST[row.start]

    def path(t: float) -> WilsonAction:
        return WilsonAction(4, first + t * (row.beta - first))

    generator, log_w = torch.Generator().manual_seed(1), []
    flow = protocol(base(row), path, linear_times(row.steps), HeatBath)  # type: ignore[arg-type]
    flow.sample(2, generator)  # compiles
    begin = time.process_time()
    for _ in range(row.evolutions // CHUNK):
        log_w.append(flow.sample(CHUNK, generator)[1].double())
    seconds = time.process_time() - begin
    work = Work(torch.cat(log_w).numpy(), row.steps - 1)
    ess, log_z = work.weights.ess(), work.log_z["forward"]
    return {
        **row._asdict(),
        "ess": ess.value,
        "ess_error": ess.error,
        "variance": work.variance,
        "dissipated": work.dissipated.value,
        "dissipated_error": work.dissipated.error,
        "log_z": log_z.value,
        "log_z_error": log_z.error,
        "needed": work.needed,
        "link_updates": (row.steps - 1) * 4 * row.extent**4,
        "seconds": seconds,
    }


def response(beta: float, extent: int, chains: int, measurements: int) -> dict[str, Any]:
    """The answer of the plaquette to the coupling, both ways from the same fields, a sweep apart."""
    generator, action, shape = torch.Generator().manual_seed(1), WilsonAction(4, beta), (extent,) * 4
    sampler, field, rows = HeatBath(action), hot_start("su3", shape, generator, chains), []
    begin = time.process_time()
    for update in range(WARMUP + measurements):
        field, _ = sampler.update(field, generator)
        if update >= WARMUP:
            rows.append(torch.stack(response_terms(action, field)))
    found = Response(*torch.stack(rows, -1).numpy(), shape)
    ways = {name: getattr(found, name) for name in ("connected", "flowed")}
    return {
        "beta": beta,
        "extent": extent,
        "fields": chains * measurements,
        **{name: way.value for name, way in ways.items()},
        **{f"{name}_error": way.error for name, way in ways.items()},
        "saved": found.saved,
        "seconds": time.process_time() - begin,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=len(ROWS), help="so many from the first on, and short ensembles")
    torch.set_num_threads(1)
    rows: list[dict[str, Any]] = []
    count = parser.parse_args().rows
    shorter = 1 if count == len(ROWS) else 10
    responses = [response(beta, extent, 16, measurements // shorter) for beta, extent, measurements in ENSEMBLES]
    print(responses, flush=True)
    for row in ROWS[:count]:
        rows.append(measured(row))
        print(rows[-1], flush=True)
        RESULTS.write_text(json.dumps({"measured": machine(), "rows": rows, "responses": responses}) + "\n")


if __name__ == "__main__":
    main()
