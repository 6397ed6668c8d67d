"""The report of a flow tells whether its layers invert."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from gaugeflow import runs
from gaugeflow.flows import CircularSpline
from gaugeflow.tasks import Flow

COUPLING: dict[str, Any] = {
    "task": "flow",
    "seed": 3,
    "group": "u1",
    "shape": [4, 4],
    "action": {"name": "wilson", "beta": 1.0},
    "model": {"name": "coupling", "layers": 4, "hidden": [4], "knots": 3},
    "training": {"steps": 1, "batch": 8},
    "report": {"samples": 100, "samplers": ["hmc"], "reference": {"chains": 2, "warmup": 2, "measurements": 5}},
}


def run(path: Path) -> dict[str, Any]:
    return runs.start(Flow, runs.Source(json.dumps(COUPLING), "t.yaml"), path, quiet=True)


def test_layers_that_invert_say_so(tmp_path: Path) -> None:
    found = run(tmp_path / "run")["round_trip"]
    assert found["warning"] == ""
    assert 0 <= found["field"] < 1e-10
    assert 0 <= found["log_q"] < 1e-12
    assert "round trip" not in (tmp_path / "run" / "report.md").read_text()


@pytest.mark.parametrize(("part", "said"), [(0, "do not invert"), (1, "log q of the samples")])
def test_layers_that_do_not_invert_lead_the_report(
    tmp_path: Path, part: int, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The inverse is off, in the angle or in the log-determinant."""
    right = CircularSpline.forward

    def wrong(self: Any, loop: Tensor, contexts: Any, coherence: Tensor, inverse: bool) -> tuple[Tensor, Tensor]:
        found = list(right(self, loop, contexts, coherence, inverse))
        found[part] = found[part] + (1e-3 if inverse else 0)
        return found[0], found[1]

    monkeypatch.setattr(CircularSpline, "forward", wrong)
    found = run(tmp_path / "run")
    assert said in found["round_trip"]["warning"]
    assert torch.isfinite(torch.tensor(found["round_trip"]["field"]))
    text = (tmp_path / "run" / "report.md").read_text()
    assert text.index(said) < text.index("effective sample size")
