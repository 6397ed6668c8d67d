"""Chains in the variables of a flow: exact by configuration, on without the run of the flow, refused where it ends."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gaugeflow import runs
from gaugeflow.errors import UserError
from gaugeflow.runs import Metrics
from gaugeflow.tasks import Chain, Flow
from gaugeflow.tasks.chain.config import ChainConfig
from gaugeflow.tasks.chain.report import chain_report
from tests.tasks.crashes import crash

BASE: dict[str, Any] = {
    "task": "chain",
    "seed": 4,
    "group": "u1",
    "shape": [2, 4],
    "action": {"name": "wilson", "beta": 2.0},
    "chains": 40,
    "start": "hot",
    "warmup": 12,
    "measurements": 25,
    "observables": ["plaquette"],
}
FLOW: dict[str, Any] = {
    "task": "flow",
    "seed": 3,
    "group": "u1",
    "shape": [2, 4],
    "action": {"name": "wilson", "beta": 1.0},
    "model": {"name": "python", "object": "tests.tasks.flow.models:bend"},
    "training": {"steps": 1, "batch": 16, "optimizer": {"name": "adam", "rate": 0.1}},
    "report": {"samples": 100, "samplers": ["hmc"], "reference": {"chains": 2, "warmup": 1, "measurements": 20}},
}


def run(path: Path, flow: Any, **changes: Any) -> dict[str, Any]:
    sampler = {"name": "ft_hmc", "flow": str(flow), "step_size": 0.4}
    source = runs.Source(json.dumps({**BASE, "sampler": sampler, **changes}), "t.yaml")
    return runs.start(Chain, source, path, quiet=True)


@pytest.fixture(scope="module")
def flow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("flow") / "run"
    runs.start(Flow, runs.Source(json.dumps(FLOW), "f.yaml"), path, quiet=True)
    return path


def test_a_chain_is_exact_and_goes_on_bit_for_bit_without_the_run_of_the_flow(tmp_path: Path, flow: Path) -> None:
    keep = {"checkpoint_every": {"steps": 4}}
    report = run(tmp_path / "whole", flow, **keep)
    assert abs(report["observables"]["plaquette"]["deviation"]) < 4
    assert report["observables"]["plaquette"]["error"] < 0.02
    assert report["sampling"].keys() == {"acceptance", "exp_minus_dh"}
    assert report["sampler"]["flow"]["content"]["model"]["name"] == "python"
    copy = shutil.copytree(flow, tmp_path / "copy")
    for step in (10, 30):  # in the warm-up and after it
        with crash(Chain, step):
            run(tmp_path / str(step), copy, **keep)
    shutil.rmtree(copy)
    rows = Metrics.load(tmp_path / "whole" / "metrics.h5").columns("updates")
    for step in (10, 30):
        runs.resume(Chain, tmp_path / str(step), quiet=True)
        again = Metrics.load(tmp_path / str(step) / "metrics.h5").columns("updates")
        assert all(np.array_equal(again[name], rows[name]) for name in rows)


def test_proposals_of_a_flow_among_local_updates_are_exact(tmp_path: Path, flow: Path) -> None:
    """With a report of how many are taken, and on without the run of the flow."""
    copy = shutil.copytree(flow, tmp_path / "copy")
    sampler = {"name": "flow_proposals", "flow": str(copy), "within": {"name": "heatbath"}, "proposals": 3}
    keep = {"checkpoint_every": {"steps": 4}, "sampler": sampler}
    report = run(tmp_path / "whole", copy, **keep)
    assert abs(report["observables"]["plaquette"]["deviation"]) < 4
    assert 0 < report["sampling"]["flow_acceptance"]["value"] < 0.9
    with crash(Chain, 20):
        run(tmp_path / "again", copy, **keep)
    shutil.rmtree(copy)
    runs.resume(Chain, tmp_path / "again", quiet=True)
    whole, again = (Metrics.load(tmp_path / name / "metrics.h5").columns("updates") for name in ("whole", "again"))
    assert all(np.array_equal(again[name], rows) for name, rows in whole.items())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"group": "su2"}, "expected a flow for su2 in 2 dimensions, came one for u1 in 2"),
        ({"shape": [2, 2, 2]}, "expected a flow for u1 in 3 dimensions, came one for u1 in 2"),
        ({"shape": [6, 8], "sampler": {"name": "ft_hmc", "flow": "u1_2d_8_coupling"}}, "multiple of 4"),
        ({"sampler": {"name": "ft_hmc", "flow": "nowhere"}}, "nowhere"),
        ({"sampler": {"name": "ft_hmc"}}, "flow"),
    ],
)
def test_flows_that_do_not_fit_are_refused(tmp_path: Path, flow: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        run(tmp_path / "run", flow, **changes)


def test_a_run_that_is_no_flow_is_refused(tmp_path: Path, flow: Path) -> None:
    chain = {**BASE, "measurements": 20, "sampler": {"name": "heatbath"}}
    runs.start(Chain, runs.Source(json.dumps(chain), "c.yaml"), tmp_path / "chain", quiet=True)
    with pytest.raises(UserError, match="expected a run of the task flow"):
        run(tmp_path / "run", tmp_path / "chain")


def test_layers_that_integrate_an_equation_are_said_in_the_report() -> None:
    metrics = Metrics()
    for step in range(20):
        metrics.record("measurements", {"step": step, "plaquette": np.random.default_rng(step).normal(size=4)})
    for flow, found in (("u1_2d_8_beta2", True), ("u1_2d_8_coupling", False)):
        keys = {**BASE, "shape": [8, 8], "sampler": {"name": "ft_hmc", "flow": flow}}
        report = chain_report(ChainConfig.model_validate(keys), metrics)
        assert ("up to their steps" in report["warnings"].get("flow", "")) is found
