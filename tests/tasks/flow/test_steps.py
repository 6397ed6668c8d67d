"""A report says what the finite steps of its flow are to blame for, and `accuracy` keeps it small."""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from gaugeflow import runs
from gaugeflow.flows import GaugeFlow, GaussianBase, batch_ess
from gaugeflow.flows.integrated import Integrated
from gaugeflow.random import stream
from gaugeflow.tasks import Flow
from gaugeflow.tasks.flow.exactness.accuracy import FIELDS, halvings
from gaugeflow.tasks.flow.exactness.steps import step_error
from gaugeflow.tasks.flow.markdown import flow_markdown
from gaugeflow.tasks.observables import WilsonLoops
from tests.tasks.flow.models import Harmonic

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
        "accuracy": "plain",
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


def started(config: dict[str, Any], path: Path) -> dict[str, Any]:
    return runs.start(Flow, runs.Source(json.dumps(config), "test.yaml"), path, quiet=True)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """Two steps of order 2 for the whole flow."""
    path = tmp_path_factory.mktemp("steps") / "plain"
    return path, started(COARSE, path)


def test_the_shift_that_is_reported_is_the_error_that_is_there(plain: tuple[Path, dict[str, Any]]) -> None:
    report = plain[1]
    found, error = report["step_error"], report["log_z_error"]
    change = found["changes"]["log_z"]
    off = report["log_z"] - report["log_z_exact"]
    assert abs(off) > 8 * error
    # Halving the step leaves a quarter.
    assert abs(off + change["change"]) < 0.35 * abs(off) + 3 * (error + change["error"])
    assert found["samples"] == 300  # chunks of the report
    assert change["statistical"] == error
    assert {"ess", *report["observables"], *report["reweighted"]} < found["changes"].keys()
    assert any(text.startswith("log_z: ") for text in found["warnings"])
    assert "**warning**: log_z: steps half as long" in flow_markdown(report)


def test_bounded_steps_are_halved_until_log_z_is_exact_within_its_error(
    plain: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    model = {**COARSE["model"], "integrator": "rkmk4", "steps": 1, "accuracy": "bounded"}
    report = started({**COARSE, "model": model, "init_from": str(plain[0])}, tmp_path / "run")
    error, change = report["log_z_error"], report["step_error"]["changes"]["log_z"]
    assert abs(report["log_z"] - report["log_z_exact"]) < 3 * error
    assert abs(change["change"]) < 0.15 * error
    assert report["step_error"]["warnings"] == []
    task = runs.open_run(tmp_path / "run").task
    assert task.flow.flows[0].steps == 2 ** task.state_dict()["halvings"] > 1
    x, log_w = next(task.weighted_samples(3))  # what `gaugeflow sample` draws from
    with torch.no_grad():
        assert torch.allclose(log_w, task.flow.log_weight(x, task.flow.log_prob(x)).double(), atol=0.1)


def test_a_checkpoint_that_does_not_know_of_steps_is_loaded(plain: tuple[Path, dict[str, Any]]) -> None:
    task = runs.open_run(plain[0]).task
    state = task.state_dict()
    del state["halvings"]
    task.load_state_dict(state)
    assert task.state_dict()["halvings"] is None
    next(task.weighted_samples(3))
    assert task.state_dict()["halvings"] == 0  # plain


def test_what_is_not_integrated_has_no_steps(tmp_path) -> None:
    config = {**COARSE, "model": {"name": "identity"}, "action": {"name": "wilson", "beta": 0.1}}
    report = runs.start(Flow, runs.Source(json.dumps(config), "test.yaml"), tmp_path / "run", quiet=True)
    assert report["step_error"] is None


class Late(Integrated):
    """Phi as it is, with a log-determinant that is off by ``SIZE / steps^2``."""

    steps, order = 2, 2

    def __init__(self, size: float) -> None:
        super().__init__()
        self.size = torch.nn.Parameter(torch.tensor(size, dtype=torch.float64))

    def integrate(self, field: Tensor, times: Sequence[float]) -> tuple[Tensor, Tensor]:
        return field, (self.size / (len(times) - 1) ** 2).expand(len(field))


@pytest.mark.parametrize(
    ("size", "count"), [(0.0, 0), (0.04, 0), (0.05, 1), (0.16, 1), (0.18, 2), (1e9, 5), (math.nan, 0)]
)
def test_how_often_steps_are_halved(size: float, count: int) -> None:
    """The move from n to 2n is ``3/4 size / n^2``; that of Gaussians of other width is known."""
    flow, exact = (GaugeFlow(GaussianBase((2, 2)), [Late(off)], Harmonic(1.3)) for off in (size, 0.0))
    with torch.no_grad():
        log_w = exact.log_weight(*exact.sample(FIELDS, stream("accuracy")))
    samples = int((1 / batch_ess(log_w) - 1) / 0.08**2)  # log Z has the error 0.08
    assert halvings(flow, samples) == count
    assert flow.flows[0].steps == 2


class Table:
    """Metrics of one table."""

    def __init__(self, **columns: np.ndarray) -> None:
        self.found = columns

    def columns(self, name: str) -> dict[str, np.ndarray]:
        return self.found if name == "steps" else {}


def test_the_shift_and_its_error_are_those_of_the_ratio_of_weights() -> None:
    coarse = np.random.default_rng(1).normal(size=(2, 50)) - 700
    table = Table(log_weight=coarse, log_weight_finer=coarse + 0.25)
    found = step_error([], table, {"log_z": 0.2, "ess": None})  # type: ignore[arg-type]
    assert found is not None
    assert found["log_w"] == pytest.approx({"change": 0.25, "error": 0, "deviation": 0}, abs=1e-12)
    assert found["changes"]["log_z"] == pytest.approx({"change": 0.25, "error": 0, "statistical": 0.2}, abs=1e-12)
    assert found["changes"]["ess"]["change"] == pytest.approx(0, abs=1e-12)
    assert [text.partition(":")[0] for text in found["warnings"]] == ["log_z"]
    table = Table(log_weight=coarse, log_weight_finer=np.where(coarse < -700, np.nan, coarse))
    found = step_error([], table, {})  # type: ignore[arg-type]
    assert found is not None
    assert found["changes"] == {}
    assert "not finite" in found["warnings"][0]


def test_the_shift_of_an_observable_is_that_of_its_reweighted_average() -> None:
    """Loops and ratios of them, of fields and weights that both change; the error by leaving out one field a time."""
    generator = np.random.default_rng(2)
    log_w, loops = 0.3 * generator.normal(size=(4, 25)), 1 + 0.1 * generator.normal(size=(4, 25, 2, 2))
    finer, moved = log_w + 0.01 * generator.normal(size=(4, 25)), loops * (1 + 0.01 * loops)
    table = Table(log_weight=log_w, log_weight_finer=finer, wilson_loops=loops, wilson_loops_finer=moved)
    found = step_error([WilsonLoops(name="wilson_loops", r=2, t=2)], table, {})  # type: ignore[arg-type]
    assert found is not None

    def shift(keep: np.ndarray) -> tuple[float, float]:
        ends = []
        for weights, values in ((log_w, loops), (finer, moved)):
            w = np.exp(weights.ravel()[keep])
            mean = np.tensordot(w, values.reshape(-1, 2, 2)[keep], 1) / w.sum()
            ends.append((mean[1, 0], -np.log(mean[1, 1] * mean[0, 0] / (mean[1, 0] * mean[0, 1]))))
        return ends[1][0] - ends[0][0], ends[1][1] - ends[0][1]

    everything = np.arange(100)
    without = np.array([shift(np.delete(everything, k)) for k in everything])
    errors = np.sqrt(99 * without.var(0))
    for name, value, error in zip(("wilson_loop_2x1", "creutz_ratio_2x2"), shift(everything), errors, strict=True):
        assert found["changes"][name]["change"] == pytest.approx(value, rel=1e-9)
        assert found["changes"][name]["error"] == pytest.approx(error, rel=0.25)  # the window of the Gamma method
