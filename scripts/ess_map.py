#!/usr/bin/env python
"""What the shipped trivializing flows in four dimensions are worth, by coupling and by lattice.

    python scripts/ess_map.py          # about twenty minutes of one processor; an interrupted run goes on
    python scripts/ess_map.py --anew   # measures all rows again

Writes `scripts/results/ess_map.json` after every row. Each flow was fitted on 4^4; on a larger lattice it has the same
coefficients. Nothing is drawn from a Markov chain.
"""

import time
from pathlib import Path
from typing import Any, NamedTuple

import torch
from benchmarks.evolutions import measure_rows, numbers

from gaugeflow.flows import GaugeFlow, HaarBase, Work
from gaugeflow.groups import get_group
from gaugeflow.runs import open_run
from gaugeflow.runs.opening.shipped import named_run

RESULTS = Path(__file__).parent / "results" / "ess_map.json"


class Row(NamedTuple):
    """A shipped run, the extent of a lattice, how many samples, and how many are integrated together."""

    name: str
    extent: int
    evolutions: int
    chunk: int


BETAS = {"su2": ("0p6", "1p2", "1p8", "2p4"), "su3": ("1", "2", "3", "4")}
RUNS = [f"{group}_4d_4_beta{beta}" for group, betas in BETAS.items() for beta in betas]
ROWS = [Row(name, extent, *count) for name in RUNS for extent, count in ((4, (1024, 128)), (8, (64, 16)))]


@torch.no_grad()
def measured(row: Row) -> dict[str, Any]:
    """Samples of the flow on one lattice, and what their weights are worth."""
    task: Any = open_run(named_run(row.name)).task
    base = HaarBase(get_group(task.config.group), (row.extent,) * 4, torch.float32)
    flow, log_w = GaugeFlow(base, task.flow.flows, task.action), []
    generator = torch.Generator().manual_seed(1)
    begin = time.process_time()
    for _ in range(row.evolutions // row.chunk):
        links, log_q = flow.sample(row.chunk, generator)
        log_w.append(flow.log_weight(links, log_q).double())
    seconds = time.process_time() - begin
    return {
        **row._asdict(),
        "group": task.config.group,
        "beta": task.config.action.beta,
        **numbers(Work(torch.cat(log_w).numpy(), 1)),
        "seconds": seconds,
    }


if __name__ == "__main__":
    measure_rows(str(__doc__), RESULTS, ROWS, measured)
