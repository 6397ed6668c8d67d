"""Seeds of runs: all 63 bits count, and what is measured anew never repeats what the run itself has drawn."""

import json
from typing import Any

import pytest
import torch
from torch import Tensor

from gaugeflow import runs, tasks
from gaugeflow.flows import StochasticFlow
from gaugeflow.runs import Task
from gaugeflow.tasks.flow.weighing import BLOCK, WithUpdates

LINKS = {"group": "u1", "shape": [2, 2], "action": {"name": "wilson", "beta": 1.0}}
SEED = 7
CONFIGS: dict[str, tuple[type[Task[Any]], dict[str, Any]]] = {
    "chain": (
        tasks.Chain,
        {
            **LINKS,
            "start": "hot",
            "sampler": {"name": "heatbath"},
            "warmup": 0,
            "measurements": 5,
            "observables": ["plaquette"],
        },
    ),
    "flow": (
        tasks.Flow,
        {**LINKS, "model": {"name": "identity"}, "training": {"steps": 0}},
    ),
    "regression": (
        tasks.Regression,
        {
            "group": "u1",
            "shape": [2, 2],
            "test_shapes": [[2, 2]],
            "target": {"name": "loop", "path": "1x1"},
            "fields": {"betas": [1.0], "configurations": {"train": 1, "validation": 1, "test": 1}, "sweeps": 1},
            "network": {"layers": [{"name": "convolution-bilinear", "channels": 1, "paths": ["", "+t"]}]},
            "training": {},
            "seeds": 2,
            "bar": 1e-10,
        },
    ),
    "dmc": (
        tasks.DMC,
        {
            "init_from": "hooke",
            "system": {"name": "quantum_dot", "n_up": 1, "n_down": 1, "dimension": 3, "omega": 0.5},
            "walkers": 10,
            "populations": 2,
            "time_steps": [0.1, 0.2, 0.3],
            "generations": 5,
        },
    ),
    "vmc": (
        tasks.VMC,
        {
            "system": {"name": "quantum_dot", "n_up": 1, "n_down": 1, "dimension": 2, "omega": 1.0},
            "wavefunction": {"ansatz": {"name": "determinant"}, "backbone": {"name": "deep_sets", "width": 4}},
            "walkers": {"count": 8},
            "optimizer": {"name": "spring"},
            "iterations": 1,
            "evaluation": 5,
        },
    ),
}


def begun(name: str, seed: int = SEED) -> Any:
    kind, config = CONFIGS[name]
    made = kind.of(runs.Source(json.dumps({"task": name, "seed": seed, **config}), "test.yaml"))
    made.begin()
    return made


def drawn(name: str, task: Any) -> Tensor:
    """What the next step would be made of; of a regression, fields of a test."""
    if name != "regression":
        return torch.rand(64, generator=task.generator, dtype=torch.float64)
    return task._samples([2, 2], 4, *task.test_stream, 0, 0)[0].flatten()


@pytest.mark.parametrize("name", CONFIGS)
def test_seeds_that_differ_by_a_power_of_two_are_two_runs(name: str) -> None:
    found = [drawn(name, begun(name, seed)) for seed in (SEED, SEED + 2**32, SEED + 2**62)]
    assert torch.equal(found[0], drawn(name, begun(name)))
    for one, other in ((0, 1), (0, 2), (1, 2)):
        assert not (found[one] == found[other]).any()


def test_first_weights_too() -> None:
    one, other = (begun("vmc", seed).psi for seed in (SEED, SEED + 2**32))
    pairs = zip(one.parameters(), other.parameters(), strict=True)
    assert any(not torch.equal(a, b) for a, b in pairs)


@pytest.mark.parametrize("name", CONFIGS)
def test_a_fresh_report_repeats_nothing_whatever_its_seed(name: str) -> None:
    task = begun(name)
    before = drawn(name, task)
    for seed in (SEED, SEED + 2**32):
        task.restart_measurements(seed)
        assert not torch.isin(drawn(name, task), before).any()


def test_samples_are_neither_those_of_the_training_nor_of_a_report() -> None:
    """The base samples themselves, of one seed: drawn in training, by a fresh report, and by `gaugeflow sample`."""
    task = begun("flow")
    found = [task.flow.q0(16, task.generator)[0]]
    task.restart_measurements(SEED)
    found.append(task.flow.q0(16, task.generator)[0])
    z = {}
    task.flow.q0.register_forward_hook(lambda base, arguments, output: z.update(sampled=output[0]))
    next(task.weighted_samples(SEED))
    found.append(z["sampled"])
    every = torch.cat(found).flatten()
    assert len(every.unique()) == len(every)


def test_blocks_of_fields_never_repeat(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two calls of three blocks, whose keys agree in the low 32 bits: no number is drawn twice."""
    keys = iter([5, 5 + 2**32])
    monkeypatch.setattr("gaugeflow.tasks.flow.weighing.draw_key", lambda generator: next(keys))
    weigher = WithUpdates(StochasticFlow(begun("flow").flow, {}))
    fields = torch.cat([weigher.draw(3 * BLOCK, torch.Generator())[0] for _ in range(2)]).flatten()
    assert len(fields.unique()) == len(fields)


def test_a_regression_has_a_stream_for_each_purpose() -> None:
    """Fields of the training, the validation and the tests of both networks, with one seed."""
    task = begun("regression")
    kinds = [("train", SEED, 0), ("train", SEED, 1), ("validation", SEED, 0), (*task.test_stream, 0, 0)]
    fields = torch.stack([task._samples([2, 2], 1, *key)[0].flatten() for key in kinds])
    assert len(fields.unique()) == fields.numel()
