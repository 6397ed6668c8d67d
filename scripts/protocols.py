#!/usr/bin/env python
"""What evolutions of SU(3) in four dimensions are worth, and what a flow saves where the coupling changes a little.

    python scripts/protocols.py          # about twenty processor minutes; an interrupted run goes on
    python scripts/protocols.py --anew   # measures all rows again

Writes `scripts/results/protocols.json` after every row. A protocol goes from Haar measure, or from the shipped flow at
beta = 1, to the target, in steps of beta that are equal or learned in shorter pilot runs; at each beta between there is
one sweep of the heat bath, with sweeps of overrelaxation or none. The unit of work is the update of one link; passes
through the flow and pilot runs are in the seconds alone. The last numbers are derivatives of loops and of their ratio
with respect to beta from one ensemble, by fluctuations and with a flow as control variate.
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from benchmarks.evolutions import numbers
from benchmarks.machine import machine
from torch import nn

from gaugeflow.flows import HaarBase, Response, Work, learned_times, linear_times, protocol, response_terms
from gaugeflow.groups import get_group
from gaugeflow.lattice import WilsonAction, hot_start, plaquette, wilson_loop
from gaugeflow.lattice.action import Action
from gaugeflow.montecarlo import HeatBath
from gaugeflow.runs import open_run
from gaugeflow.runs.opening.shipped import named_run

RESULTS = Path(__file__).parent / "results" / "protocols.json"
FLOW, FIRST = "su3_4d_4_beta1", {"Haar": 0.0, "flow": 1.0}
CHUNK = 32
"""Evolutions that move together."""
PILOT = 256
"""Steps of the pilot runs, between whose times those of longer protocols lie."""


class Row(NamedTuple):
    """Where evolutions begin and end, on which lattice, in how many steps, how many there are, and how each goes."""

    start: str
    beta: float
    extent: int
    steps: int
    evolutions: int
    overrelaxation: int = 0
    times: str = "equal"


ROWS = [
    Row("Haar", 2.0, 4, 16, 256),
    *(Row("Haar", 2.0, 4, steps, 128) for steps in (64, 256, 1024)),
    *(Row("flow", 2.0, 4, steps, 128) for steps in (16, 64, 256)),
    *(Row(start, 4.0, 4, 1024, 64) for start in FIRST),
    *(Row(start, 5.7, 4, 2048, 32) for start in FIRST),
    Row("Haar", 5.7, 4, 3072, 32, 2, "learned"),
    Row("Haar", 2.0, 8, 256, 32),
]

ENSEMBLES = ((1.0, 4, 500), (2.0, 4, 500), (2.0, 8, 100), (4.0, 4, 500))
"""beta, extent and measurements of sixteen chains."""
WARMUP = 20
LOOPS = [plaquette, *(lambda links, t=t: wilson_loop(links, 1, t) for t in (1, 2))]


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

    def make(action: Action) -> HeatBath:
        return HeatBath(action, row.overrelaxation)  # type: ignore[arg-type]  # the actions of the path are of loops

    generator, log_w, start, times = torch.Generator().manual_seed(1), [], base(row), linear_times(row.steps)
    protocol(start, path, linear_times(2), make).sample(2, generator)  # compiles
    begin = time.process_time()
    if row.times == "learned":
        pilot = learned_times(start, path, make, PILOT, CHUNK, generator, rounds=3)
        times = np.interp(times, linear_times(PILOT), pilot).tolist()
    flow = protocol(start, path, times, make)
    for _ in range(row.evolutions // CHUNK):
        log_w.append(flow.sample(CHUNK, generator)[1].double())
    seconds = time.process_time() - begin
    work = Work(torch.cat(log_w).numpy(), row.steps - 1)
    return {
        **row._asdict(),
        **numbers(work),
        "link_updates": (row.steps - 1) * (1 + row.overrelaxation) * 4 * row.extent**4,
        "seconds": seconds,
        "measured": machine(),
    }


def response(beta: float, extent: int, chains: int, measurements: int) -> list[dict[str, Any]]:
    """The answer of loops to the coupling, both ways from the same fields, a sweep apart."""
    generator, action, shape = torch.Generator().manual_seed(1), WilsonAction(4, beta), (extent,) * 4
    sampler, field, rows = HeatBath(action), hot_start("su3", shape, generator, chains), []
    begin = time.process_time()
    for update in range(WARMUP + measurements):
        field, _ = sampler.update(field, generator)
        if update >= WARMUP:
            rows.append(torch.stack(response_terms(action, field, LOOPS)))
    terms, seconds = torch.stack(rows, -1).numpy(), time.process_time() - begin
    found = {
        "plaquette": Response(terms[[0, 1, 2, 5]]),
        "W(1, 2)": Response(terms[[0, 1, 4, 7]]),
        "log W(1, 1) / W(1, 2)": Response(terms[[0, 1, 3, 4, 6, 7]], (1, -1)),
    }
    return [
        {
            "what": what,
            "beta": beta,
            "extent": extent,
            "fields": chains * measurements,
            "connected": both.connected.value,
            "connected_error": both.connected.error,
            "flowed": both.flowed.value,
            "flowed_error": both.flowed.error,
            "saved": both.saved,
            "seconds": seconds / len(found),
            "measured": machine(),
        }
        for what, both in found.items()
    ]


def main() -> None:
    shown = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=shown, allow_abbrev=False)
    parser.add_argument("--anew", action="store_true", help="also what stands in the results already")
    torch.set_num_threads(1)
    found: dict[str, Any] = {"rows": [], "responses": []}
    if RESULTS.exists() and not parser.parse_args().anew:
        found = json.loads(RESULTS.read_text())
    there = {(row["beta"], row["extent"]) for row in found["responses"]}
    for beta, extent, measurements in ENSEMBLES:
        if (beta, extent) not in there:
            found["responses"] += response(beta, extent, 16, measurements)
            _keep(found)
    known = {tuple(row[field] for field in Row._fields) for row in found["rows"]}
    for row in ROWS:
        if row not in known:
            found["rows"].append(measured(row))
            _keep(found)


def _keep(found: dict[str, Any]) -> None:
    """Sorted as they are listed here."""
    places = [tuple(row[field] for field in Row._fields) for row in found["rows"]]
    found["rows"] = [found["rows"][places.index(row)] for row in ROWS if row in places]
    RESULTS.write_text(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
