#!/usr/bin/env python
"""What evolutions of SU(3) in four dimensions are worth: effective samples against the steps of a protocol.

    python scripts/protocols.py            # about twenty processor minutes
    python scripts/protocols.py --rows 2   # the first two rows alone

Writes `scripts/results/protocols.json` after every row. A protocol goes from Haar measure, or from the shipped flow at
beta = 1, in equal steps of beta to the target; at each beta between there is one sweep of the heat bath. The unit of
work is the update of one link; passes through the flow are in the seconds alone.
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any, NamedTuple

import torch
from benchmarks.machine import machine
from torch import nn

from gaugeflow.flows import HaarBase, Work, linear_times, protocol
from gaugeflow.groups import get_group
from gaugeflow.lattice import WilsonAction
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
    *(Row(start, 2.0, 4, steps, 256) for steps in (16, 32, 64, 128, 256) for start in FIRST),
    *(Row(start, 4.0, 4, steps, 128) for steps in (128, 512) for start in FIRST),
    *(Row(start, 5.7, 4, steps, 96) for steps in (256, 1024) for start in FIRST),
    *(Row("Haar", 2.0, 8, steps, 64) for steps in (64, 256)),
]


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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=len(ROWS), help="so many from the first on")
    torch.set_num_threads(1)
    rows: list[dict[str, Any]] = []
    for row in ROWS[: parser.parse_args().rows]:
        rows.append(measured(row))
        print(rows[-1], flush=True)
        RESULTS.write_text(json.dumps({"measured": machine(), "rows": rows}) + "\n")


if __name__ == "__main__":
    main()
