#!/usr/bin/env python
"""Trained flows averaged over symmetries, beside longer training at the same cost; sectors of trained wavefunctions.

    python scripts/symmetrized.py            # every row that is not there yet; about 25 processor minutes in all
    python scripts/symmetrized.py --again u1_2d_8_symmetrized

Writes `scripts/results/symmetrized.json` after every row. Of a flow: the configuration `configs/flow/NAME.yaml` is run
as `gaugeflow run NAME` runs it, in `runs/NAME`, and goes on where it was stopped. The seconds of one processor that its
samples take are then spent on training the flow without the average further. Distances won are those of Kullback and
Leibler, from the flow as it was shipped.
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from benchmarks.machine import machine

from gaugeflow import runs
from gaugeflow.flows import Weights
from gaugeflow.montecarlo.errors import estimate
from gaugeflow.random import stream
from gaugeflow.runs.checkpoint import load_checkpoint
from gaugeflow.tasks import VMC, Flow
from gaugeflow.tasks.vmc.sectors import SectorSection, sector_rows

RESULTS = Path(__file__).parent / "results" / "symmetrized.json"
FLOWS = ("u1_2d_8_symmetrized", "su2_2d_8_symmetrized", "su3_2d_8_symmetrized")
WAVEFUNCTIONS = ("dot2", "dot6_omega1")
SECTORS = SectorSection(group="D4", sets=16, energy="A1")
SAMPLES = 16384
"""Of a flow without an average, where they cost little."""
TIMED = 8
"""So many steps of a training, and so many samples of an averaged flow, tell what all of them take."""
MEASURED = ("ess_symmetrized", "kl_won", "ess_forward")
SLOWER = 0.2
"""The first rate of the further training, as a share of that of the first: higher rates lose what was reached."""


def flow_row(name: str) -> dict[str, Any]:
    """What the average wins, and what longer training wins."""
    source, directory = runs.Source.read(runs.configuration_at(name)), Path("runs") / name
    if directory.exists():
        report = runs.resume(Flow, directory, [], quiet=True)
    else:
        report = runs.start(Flow, source, directory, quiet=True)
    seconds, base = _seconds_per_field(source) * report["samples"], source.data["model"]["base"]
    return {
        "name": name,
        "base": base,
        "group": report["model"]["group"],
        **report["symmetrized"],
        "samples": report["samples"],
        "ess_base": report["layers_alone"]["ess"],
        "ess_base_error": report["layers_alone"]["ess_error"],
        **{key: report[key] for name in MEASURED for key in (name, f"{name}_error")},
        "seconds": seconds,
        "trained_on": _trained_on(base, seconds),
        "measured": machine(),
    }


@torch.no_grad()
def _seconds_per_field(source: runs.Source) -> float:
    """Of a processor, for a sample with its weight."""
    task = Flow.of(source)
    task.begin()
    began = time.process_time()
    task.flow.sample(TIMED, stream("time"))
    return (time.process_time() - began) / TIMED


def _trained_on(base: str, seconds: float) -> dict[str, Any]:
    """The flow of a shipped run, trained on for about as many seconds of a processor."""
    before = _further(base, 0)
    tried = _further(base, 1 + TIMED)
    _steps(tried, 1)
    per_step = _steps(tried, TIMED) / TIMED
    longer = _further(base, round(seconds / per_step))
    spent = _steps(longer, longer.config.training.steps)
    old, new = (_log_weights(task) for task in (before, longer))  # of the same base samples
    ess, won = Weights(new).ess(), estimate(new - old)
    return {
        "steps": longer.config.training.steps,
        "seconds": spent,
        "samples": SAMPLES,
        "ess": ess.value,
        "ess_error": ess.error,
        "kl_won": won.value,
        "kl_won_error": won.error,
    }


def _further(base: str, steps: int) -> Flow:
    """A run that begins with the parameters of a shipped one, at a lower rate."""
    source = runs.Source.read(runs.configuration_at(base))
    training = source.data["training"]
    training["optimizer"]["rate"] *= SLOWER
    changed = {**source.data, "seed": 2, "training": {**training, "steps": steps}, "init_from": base}
    task = Flow.of(runs.Source(json.dumps(changed), f"{base}, trained on"))
    task.begin()
    return task


def _steps(task: Flow, count: int) -> float:
    """The seconds of so many steps of its training."""
    began = time.process_time()
    for index in range(count):
        task.step(1 + index, runs.Record())
    return time.process_time() - began


@torch.no_grad()
def _log_weights(task: Flow) -> Any:
    generator, parts = stream("weights", 1), []
    for _ in range(SAMPLES // 1024):
        x, log_q = task.flow.sample(1024, generator)
        parts.append(task.flow.log_weight(x, log_q))
    return torch.cat(parts).numpy()


def wavefunction_row(name: str) -> dict[str, Any]:
    """The parts of a trained wavefunction under D4, on walkers of their own."""
    directory = runs.RunDirectory.open(runs.run_at(name))
    task = VMC(VMC.schema.model_validate(runs.Source.read(directory.config).data))
    task.load_state_dict(load_checkpoint(directory.checkpoint, "vmc")[1]["task"])
    first, record = task.restart_measurements(1), runs.Record()
    began = time.process_time()
    for index in range(first, first + task.equilibration):
        task.step(index, record)
    of = (task.psi, task.hamiltonian, task.sampler, task.walkers, stream("sectors", 1))
    found = sector_rows(SECTORS, *of, task.config.chunk_size)
    seconds = time.process_time() - began
    shipped = json.loads((directory.path / "report.json").read_text())
    energy = {key: shipped[key] for key in ("energy", "energy_error", "reference", "reference_exact")}
    samples = SECTORS.sets * len(task.walkers)
    return {"name": name, **energy, **found, "samples": samples, "seconds": seconds, "measured": machine()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--again", nargs="*", default=[], metavar="NAME", help="rows to make anew")
    again = parser.parse_args().again
    found = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    for kind, (names, measured) in KINDS.items():
        for name in names:
            rows = {row["name"]: row for row in found.get(kind, ())}
            if name in rows and name not in again:
                continue
            rows[name] = measured(name)
            found[kind] = [rows[name] for name in names if name in rows]
            RESULTS.write_text(json.dumps(found, indent=1) + "\n")


KINDS: dict[str, tuple[tuple[str, ...], Callable[[str], dict[str, Any]]]] = {
    "wavefunctions": (WAVEFUNCTIONS, wavefunction_row),
    "flows": (FLOWS, flow_row),
}


if __name__ == "__main__":
    main()
