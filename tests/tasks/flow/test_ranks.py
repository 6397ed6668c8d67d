"""Two processes do what one does: the same batches, the same parameters, one writer."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from gaugeflow import runs
from gaugeflow.cli import main
from gaugeflow.errors import UserError
from gaugeflow.tasks import Flow, Regression
from tests.places import CONFIGS
from tests.processes import Ended, two_ranks

pytestmark = pytest.mark.slow

CONFIG: dict[str, Any] = {
    "task": "flow",
    "seed": 3,
    "shape": [2, 2],
    "action": {"name": "python", "object": "tests.tasks.flow.models:Harmonic"},
    "model": {"name": "python", "object": "tests.tasks.flow.models:scale", "options": {"layers": 2}},
    "training": {"steps": 6, "batch": 8, "clip": 1.0, "loss": "path", "optimizer": {"name": "adam", "rate": 0.05}},
    "stochastic": {"updates": [{"times": [0.5], "sampler": {"name": "hmc", "step_size": 0.3}}]},
    "report": {"samples": 100, "chunk": 100, "reference": {"chains": 65, "warmup": 2, "measurements": 5}},
}


def parameters(path: Path) -> torch.Tensor:
    state = torch.load(path / "checkpoint.pt", weights_only=True)["state"]["task"]["flow"]
    return torch.stack(list(state.values()))


@pytest.fixture(scope="module")
def together(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Ended]]:
    folder = tmp_path_factory.mktemp("ranks")
    (folder / "path.yaml").write_text(json.dumps(CONFIG))
    return folder, two_ranks(main, [["run", "path.yaml", "--out", "two", "--json"]], folder)


@pytest.fixture(scope="module")
def alone(together: tuple[Path, list[Ended]]) -> runs.Metrics:
    """What one process records."""
    folder, _ = together
    runs.start(Flow, runs.Source(json.dumps(CONFIG), "path.yaml"), folder / "one", quiet=True)
    return runs.Metrics.load(folder / "one" / "metrics.h5")


def test_two_processes_train_as_one(together, alone):
    folder, ended = together
    assert [process.returncode for process in ended] == [0, 0], ended[0].stderr + ended[1].stderr
    torch.testing.assert_close(parameters(folder / "two"), parameters(folder / "one"), rtol=1e-12, atol=1e-14)
    assert parameters(folder / "one").abs().min() > 0.05
    shared = runs.Metrics.load(folder / "two" / "metrics.h5").columns("training")
    for name, values in alone.columns("training").items():
        np.testing.assert_allclose(shared[name], values, rtol=1e-10)


def test_two_processes_evaluate_as_one(together, alone):
    """Weights of the stochastic flow, of its layers alone and of fields of the chains, and what is measured on them."""
    folder, _ = together
    shared = runs.Metrics.load(folder / "two" / "metrics.h5")
    assert alone.counts() == shared.counts()
    for table in ("flow", "layers", "hmc"):
        for name, values in alone.columns(table).items():
            np.testing.assert_allclose(shared.columns(table)[name], values, rtol=1e-8, atol=1e-10)
    assert shared.columns("flow_time")["fields"].tolist() == [64]  # two of four blocks
    assert shared.columns("layers_time")["fields"].tolist() == [50]


def test_the_first_process_alone_reports(together):
    folder, (first, second) = together
    report = json.loads(first.stdout)
    assert report["samples"] == 100
    assert second.stdout == ""
    assert json.loads((folder / "two" / "report.json").read_text())["ess"] == report["ess"]


def test_a_task_of_one_process_refuses_two(tmp_path, monkeypatch):
    source = runs.Source.read(CONFIGS / "regression" / "su2_2d_1x1.yaml")
    monkeypatch.setattr("gaugeflow.runs.loop.join", lambda device: runs.Ranks(1, 2))
    with pytest.raises(UserError, match="the task regression runs in one process, torchrun has started 2"):
        runs.start(Regression, source, tmp_path / "run")
