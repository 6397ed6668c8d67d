"""Jobs of the package do on the device what they do on the CPU, from the same random numbers."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch import Tensor

from gaugeflow import runs
from gaugeflow.io import read
from gaugeflow.tasks.registry import task_of

from .host_draws import host_draws
from .options import Options
from .pretend import pretend_cuda
from .results import Result

__all__ = ["run"]

WILSON = {"name": "wilson", "beta": 2.0}
CHAIN = {
    "task": "chain",
    "seed": 1,
    "group": "su3",
    "shape": [4, 4],
    "action": WILSON,
    "chains": 2,
    "start": "hot",
    "warmup": 0,
    "measurements": 2,
    "observables": ["plaquette"],
}
FLOW = {
    "task": "flow",
    "seed": 1,
    "shape": [4, 4],
    "action": WILSON,
    "training": {"steps": 2, "batch": 8, "loss": "path"},
    "report": {"samples": 100, "chunk": 50, "samplers": [], "reference": {"chains": 2, "warmup": 0, "measurements": 5}},
}
COUPLING = {"name": "coupling", "mask": "blocks", "block": [2, 2], "layers": 2, "knots": 4, "hidden": [8], "kernel": 1}
CONTINUOUS = {
    "name": "continuous",
    "order": 1,
    "max_traces": 1,
    "steps": 1,
    "times": 2,
    "samples": 16,
    "sweeps": 1,
    "newton_steps": 1,
    "newton_samples": 16,
}
LCNN = {
    "task": "regression",
    "seed": 1,
    "group": "su2",
    "shape": [4, 4],
    "test_shapes": [[4, 4]],
    "target": {"name": "loop", "path": "1x2"},
    "fields": {"betas": [1.0, 2.0], "configurations": {"train": 2, "validation": 1, "test": 1}, "sweeps": 1},
    "network": {"layers": [{"name": "convolution-bilinear", "channels": 1, "paths": ["", "+t"]}]},
    "training": {"initial": 0.3, "iterations": 2, "attempts": 1},
    "baseline": {"depth": 2, "updates": 1},
    "seeds": 1,
    "bar": 10.0,
}
VMC = {
    "task": "vmc",
    "seed": 1,
    "system": {"name": "molecule", "unit": "bohr", "atoms": [["Be", 0, 0, 0]]},
    "wavefunction": {
        "ansatz": {"name": "determinant", "terms": 2},
        "backbone": {"name": "ferminet", "layers": [[8, 4], [8, 4]]},
    },
    "walkers": {"count": 16, "steps": 1},
    "optimizer": {"name": "spring", "rate": 0.1, "decay": 30},
    "warmup": 1,
    "iterations": 2,
    "evaluation": 1,
}
Found = dict[str, Tensor]


def steps(config: dict[str, Any], device: str, count: int) -> Found:
    """The state after some steps and the rows of these, as tensors of the CPU."""
    source = runs.Source(json.dumps(config | {"device": device}), "scripts/gpu/tasks.py")
    kind = task_of(source)
    task, record = kind(runs.validate(kind.schema, source)), runs.Record()
    task.begin()
    for index in range(count):
        task.step(index, record)
    return dict(tensors(task.state_dict(), ""))


def whole(config: dict[str, Any], device: str) -> Found:
    """A run with its report, and fields sampled from it."""
    source = runs.Source(json.dumps(config | {"device": device}), "scripts/gpu/tasks.py")
    kind = task_of(source)
    with TemporaryDirectory() as folder:
        place, file = Path(folder) / "run", Path(folder) / "fields.h5"
        report = runs.start(kind, source, place, quiet=True)
        runs.sample(kind, place, 8, 7, file, quiet=True)
        fields = read(file).links
    chosen = {key: report[key] for key in ("ess", "ess_error", "log_z", "plaquette", "acceptance")}
    return dict(tensors(chosen, "")) | {"fields": fields}


def tensors(state: Any, name: str) -> Iterator[tuple[str, Tensor]]:
    """The numbers of a state by name; those of random generators are bytes and left out."""
    if isinstance(state, dict):
        for key, value in state.items():
            yield from tensors(value, f"{name}.{key}" if name else str(key))
    elif isinstance(state, list):
        for index, value in enumerate(state):
            yield from tensors(value, f"{name}[{index}]")
    elif "seconds" not in name and (isinstance(state, float) or is_number(state)):
        yield name, torch.as_tensor(state).detach().cpu()


def is_number(state: Any) -> bool:
    return isinstance(state, Tensor) and (state.is_complex() or state.is_floating_point())


Job = Callable[[str], Found]
JOBS: dict[str, tuple[Job, float]] = {
    "chain, heat bath": (lambda d: steps(CHAIN | {"sampler": {"name": "heatbath", "overrelaxation": 1}}, d, 2), 1e-9),
    "chain, hybrid Monte Carlo": (lambda d: steps(CHAIN | {"sampler": {"name": "hmc"}}, d, 2), 1e-9),
    "flow, coupling: training": (lambda d: steps(FLOW | {"group": "su2", "model": COUPLING}, d, 3), 1e-9),
    "flow, coupling: report and samples": (lambda d: whole(FLOW | {"group": "su2", "model": COUPLING}, d), 1e-9),
    "flow, continuous: fit and training": (lambda d: steps(FLOW | {"group": "su2", "model": CONTINUOUS}, d, 2), 1e-8),
    "L-CNN: fit": (lambda d: steps(LCNN, d, 2), 1e-8),
    "vmc: natural gradient": (lambda d: steps(VMC, d, 2), 1e-7),
}
"""What is done on a device, and how far, relative to the largest number, its results may differ from the CPU's."""
REASON = "rounding in float64, amplified by a few steps of a Markov chain, of a fit or of a training"
REHEARSED = ("chain, hybrid Monte Carlo", "flow, coupling: training", "L-CNN: fit", "vmc: natural gradient")


def run(result: Result, options: Options) -> None:
    """Each job on the CPU, on the device with the CPU's random numbers, and there with the device's own."""
    for name in REHEARSED if options.rehearse else JOBS:
        job, tolerance = JOBS[name]
        reference = job("cpu")
        with shared_draws(options):
            found = job(options.device)
        result.check(name, difference(reference, found), tolerance, REASON)
        if not options.rehearse:
            own = job(options.device)
            broken = sum(int((~value.isfinite()).sum()) for value in own.values())
            result.check(
                f"{name}, random numbers of the device", float(broken), 0.0, "no number may be infinite or NaN"
            )


def shared_draws(options: Options) -> AbstractContextManager[None]:
    return pretend_cuda() if options.rehearse else host_draws()


def difference(one: Found, other: Found) -> float:
    """The largest difference of two results in units of the largest number of each tensor; NaN if they do not match.

    A number that both have, infinity too, makes no difference.
    """
    if one.keys() != other.keys() or any(one[k].shape != other[k].shape for k in one):
        return float("nan")
    found = [torch.zeros((), dtype=torch.float64)]
    for key, value in one.items():
        gap = torch.where(value == other[key], 0, other[key] - value).abs()
        found.append(
            (gap / (1 + value.abs().nan_to_num(posinf=0.0).max())).max().double() if value.numel() else found[0]
        )
    return float(torch.stack(found).max())
