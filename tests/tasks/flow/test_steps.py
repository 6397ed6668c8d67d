"""A report says what the finite steps of its flow are to blame for."""

import json
from typing import Any

import numpy as np
import pytest

from gaugeflow import runs
from gaugeflow.tasks import Flow
from gaugeflow.tasks.flow.markdown import flow_markdown
from gaugeflow.tasks.flow.steps import step_error

pytestmark = pytest.mark.slow

COARSE: dict[str, Any] = {
    "task": "flow",
    "seed": 5,
    "group": "su3",
    "shape": [4, 4],
    "action": {"name": "wilson", "beta": 3.0},
    "model": {
        "name": "continuous",
        "functions": "staples",
        "integrator": "cg2",
        "steps": 2,
        "splines": 2,
        "samples": 96,
        "times": 3,
        "newton_samples": 128,
        "chunk_size": 128,
    },
    "training": {"steps": 0},
    "report": {
        "samples": 400,
        "chunk": 100,
        "samplers": ["heatbath"],
        "reference": {"chains": 4, "warmup": 5, "measurements": 8},
    },
}


def test_finer_steps_bring_log_z_to_the_exact_value(tmp_path) -> None:
    """Two steps of order 2 for the whole flow: the shift that is reported is the error that is there."""
    report = runs.start(Flow, runs.Source(json.dumps(COARSE), "test.yaml"), tmp_path / "run", quiet=True)
    found, error = report["step_error"], report["log_z_error"]
    off = report["log_z"] - report["log_z_exact"]
    assert abs(off) > 8 * error
    # Halving the step leaves a quarter.
    assert abs(off + found["log_z_shift"]) < 0.35 * abs(off) + 3 * (error + found["log_z_shift_error"])
    assert found["samples"] == 300  # chunks of the report
    assert "log Z, finer steps" in flow_markdown(report)


def test_what_is_not_integrated_has_no_steps(tmp_path) -> None:
    config = {**COARSE, "model": {"name": "identity"}, "action": {"name": "wilson", "beta": 0.1}}
    report = runs.start(Flow, runs.Source(json.dumps(config), "test.yaml"), tmp_path / "run", quiet=True)
    assert report["step_error"] is None


def test_the_shift_and_its_error_are_those_of_the_ratio_of_weights() -> None:
    class Table:
        def __init__(self, fine: np.ndarray) -> None:
            self.fine = fine

        def columns(self, name: str) -> dict[str, np.ndarray]:
            return {"log_weight": coarse, "log_weight_finer": self.fine} if name == "steps" else {}

    coarse = np.random.default_rng(1).normal(size=(2, 50)) - 700
    found = step_error(Table(coarse + 0.25))  # type: ignore[arg-type]
    assert found is not None
    assert found["log_z_shift"] == pytest.approx(0.25)
    assert found["log_z_shift_error"] == pytest.approx(0, abs=1e-12)
    assert found["ess_shift"] == pytest.approx(0, abs=1e-12)
    found = step_error(Table(np.where(coarse < -700, np.nan, coarse)))  # type: ignore[arg-type]
    assert found is not None
    assert found["log_z_shift"] is None
