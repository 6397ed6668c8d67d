"""Trained flows averaged over symmetries by configuration: reported, sampled, checked, then without their first run."""

import json
import math
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from gaugeflow import runs
from gaugeflow.errors import UserError
from gaugeflow.tasks import Flow
from gaugeflow.tasks.flow.config import FlowConfig
from gaugeflow.tasks.flow.weighing import Averaged

SIGMA, MEAN = 0.9, [0.7, -0.3, 0.1, 0.4]
LOG_Z = 4 * math.log(SIGMA * math.sqrt(2 * math.pi))
REPORT = {
    "samples": 1600,
    "chunk": 400,
    "samplers": ["hmc"],
    "reference": {"chains": 20, "warmup": 10, "measurements": 20},
}
FIRST: dict[str, Any] = {
    "task": "flow",
    "seed": 1,
    "shape": [4],
    "action": {"name": "python", "object": "tests.tasks.flow.models:Harmonic", "options": {"sigma": SIGMA}},
    "model": {"name": "python", "object": "tests.tasks.flow.models:shifted", "options": {"mean": MEAN}},
    "training": {"steps": 0},
    "report": {**REPORT, "samples": 100, "chunk": 100},
}
GROUP = "translations * hypercubic"


def start(path: Path, **changes: Any) -> dict[str, Any]:
    return runs.start(Flow, runs.Source(json.dumps({**FIRST, **changes}), "test.yaml"), path, quiet=True)


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("symmetrized") / "first"
    start(path)
    return path


def averaged(first: Path, **model: Any) -> dict[str, Any]:
    options = {"name": "symmetrized", "base": str(first), "group": GROUP, "elements": 4, **model}
    return {"model": options, "report": REPORT}


def test_a_run_is_averaged_and_then_stands_alone(tmp_path, first):
    """Of independent normal numbers the distance of the layers is known."""
    other = tmp_path / "first"
    shutil.copytree(first, other)
    report = start(tmp_path / "run", **averaged(other))
    shutil.rmtree(other)
    assert report["symmetrized"] == {"elements": 4, "order": 8, "invariant_under": "translations"}
    alone = report["layers_alone"]
    assert report["ess_symmetrized"] > alone["ess"] + 2 * (report["ess_symmetrized_error"] + alone["ess_error"])
    before = 4 * (math.log(SIGMA) + (1 / SIGMA**2 - 1) / 2) + sum(m * m for m in MEAN) / (2 * SIGMA**2)
    assert report["kl_won"] > 10 * report["kl_won_error"] > 0
    assert abs(before - report["kl_won"] - report["kl"]) < 0.03  # of 1600 log-weights with a deviation below 0.3
    assert abs(report["log_z"] - LOG_Z) < 4 * report["log_z_error"]
    assert abs(report["ess"] - report["ess_forward"]) < 4 * (report["ess_error"] + report["ess_forward_error"])
    assert report["round_trip"]["field"] < 1e-12
    text = (tmp_path / "run" / "report.md").read_text()
    assert "4 of 8" in text
    assert "Kullback-Leibler distance won" in text
    again = runs.fresh_report(Flow, tmp_path / "run", 7, quiet=True)
    assert abs(again["kl_won"] - report["kl_won"]) < 4 * (again["kl_won_error"] + report["kl_won_error"])
    runs.sample(Flow, tmp_path / "run", 10, 1, tmp_path / "fields.h5", weighted=True, quiet=True)


def task(changes: dict[str, Any]) -> Flow:
    made = Flow(FlowConfig.model_validate({**FIRST, **changes}))
    made.begin()
    return made


def test_its_symmetries_are_claimed_and_hold(first):
    claims = task(averaged(first)).claims()
    assert [claim.group for claim in claims] == ["translations"]
    assert claims[0].verify(trials=3).exit_code == 0
    assert [claim.group for claim in task(averaged(first, elements=None)).claims()] == [GROUP]
    assert task(averaged(first, elements=3)).claims() == []


def test_the_weight_is_that_of_the_averaged_density_of_the_other_run(first):
    made = task(averaged(first))
    with torch.no_grad():
        x, columns = Averaged(made.flow).draw(20, torch.Generator().manual_seed(1))
        torch.testing.assert_close(columns["log_weight"], -made.action(x) - made.flow.log_prob(x))
    parameters = torch.load(first / "checkpoint.pt", weights_only=True)["state"]["task"]["flow"]
    assert all(torch.equal(value, parameters[name]) for name, value in made.flow.q0.flow.state_dict().items())


LINKS = {"shape": [8, 8], "group": "u1", "action": {"name": "wilson", "beta": 1.0}}


@pytest.mark.parametrize(
    ("model", "changes", "message"),
    [
        ({}, {"training": {"steps": 5}}, "expected training: {steps: 0} and no base, .* came training.steps"),
        ({}, {"init_from": "phi4_2d_8"}, "came init_from"),
        ({"base": "u1_2d_8_beta2_nowhere"}, {}, "u1_2d_8_beta2_nowhere"),
        ({"group": "gauge"}, {}, "gauge is infinite"),
        ({"elements": 6}, {}, "that 4 divides, the order of translations, came 6"),
        ({"group": "cyclic"}, {}, "acts on"),
        ({"elements": 0}, {}, "greater than or equal to 1"),
        ({"base": "su2_2d_8_coupling"}, LINKS, "model.base: .* expected a flow for u1, came one for su2"),
        (
            {"base": "u1_2d_8_coupling", "elements": None},
            {**LINKS, "action": {"name": "iwasaki", "beta": 2.0, "u_t": 0.8}},
            r"expected symmetries of the action, which changes by .* under an operation",
        ),
    ],
)
def test_mistakes_in_the_section(tmp_path, first, model, changes, message):
    with pytest.raises(UserError, match=message):
        start(tmp_path / "run", **{**averaged(first, **model), **changes})
    assert not (tmp_path / "run").exists()


def test_an_averaged_run_is_not_averaged_again(tmp_path, first):
    start(tmp_path / "one", **averaged(first, elements=1))
    with pytest.raises(UserError, match="expected a run of the task flow without a base of its own"):
        start(tmp_path / "two", **averaged(tmp_path / "one"))
