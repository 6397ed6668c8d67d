"""Time and memory of a calculation are said before it starts and compared after it ends."""

import json
import mmap
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import torch

from gaugeflow import runs
from gaugeflow.runs.forecast import Forecast, peak_bytes, reset_peak
from gaugeflow.tasks import VMC
from gaugeflow.tasks.vmc import task as vmc
from gaugeflow.tasks.vmc.forecast import forecast
from tests.tasks.vmc.test_task import begun, source


def test_a_report_compares(tmp_path: Path) -> None:
    """The machine may be busy with other things in one of the two; the memory is of the interpreter mostly."""
    report = runs.start(VMC, source(), tmp_path / "run", quiet=True)
    assert 0.02 < report["seconds"] / report["predicted_seconds"] < 50
    assert 0.5 < report["peak_bytes"] / report["predicted_bytes"] < 2
    assert report["peak_bytes"] > 5e7
    assert "peak memory (GB); predicted" in (tmp_path / "run" / "report.md").read_text()
    again = json.loads(json.dumps(runs.report(VMC, tmp_path / "run")))
    assert again["predicted_seconds"] == report["predicted_seconds"]


@pytest.mark.parametrize("pretraining", [None, {"orbitals": "harmonic", "steps": 3}])
def test_it_leaves_the_run_as_it_was(pretraining: dict[str, Any] | None) -> None:
    """The same random numbers, walkers and parameters as before, so that it changes nothing in the run."""
    made = begun(pretraining=pretraining)
    before = deepcopy(made.state_dict())
    made.forecast = forecast(made)
    assert made.forecast is not None
    after = made.state_dict()
    for part in ("psi", "sampler", "walkers", "generator", "optimizer", "pretraining", "failures"):
        assert str(before[part]) == str(after[part])
    assert list(made.kinds_of_steps().values()) == ([3] if pretraining else []) + [5, 8, 6, 8]
    assert 0.001 < made.forecast.seconds < 100
    assert "expected to take" in made.status()


def test_seconds_are_those_of_all_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that each step moves on by as much as its kind takes: 5 x 1 + 8 x 10 + 6 x 2 + 8 x 100."""
    made, now = begun(), [0.0]

    def step(self: VMC, index: int, record: runs.Record) -> None:
        now[0] += 1.0 if index < 5 else 10.0 if index < 13 else 2.0 if index < 19 else 100.0

    monkeypatch.setattr(VMC, "step", step)
    monkeypatch.setattr("gaugeflow.tasks.vmc.forecast.time.perf_counter", lambda: now[0])
    expected = forecast(made)
    assert expected is not None
    assert expected.seconds == 897.0


def test_a_copy_that_fails_leaves_the_failure_to_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    made = begun()
    monkeypatch.setattr(vmc, "shared_local_energy", lambda psi, h, x, **options: torch.full((len(x),), torch.nan))
    assert forecast(made) is None


def take_and_free(size: int) -> None:
    """Memory of the system: what malloc has kept is counted already."""
    with mmap.mmap(-1, size) as block:
        block[:: mmap.PAGESIZE] = bytes(len(range(0, size, mmap.PAGESIZE)))


def test_the_peak_counts_what_was_freed() -> None:
    reset_peak("cpu")
    before = peak_bytes("cpu")
    take_and_free(200_000_000)
    assert 1.9e8 < peak_bytes("cpu") - before < 3e8


def test_the_peak_of_a_run_is_its_own() -> None:
    """Not that of what the process did before."""
    reset_peak("cpu")
    before = peak_bytes("cpu")
    take_and_free(400_000_000)
    assert begun().state_dict()["peak"] < before + 2e8


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(5.0, "5 s and 1.5 GB"), (600.0, "10 min and 1.5 GB"), (9000.0, "2.5 h and 1.5 GB")],
)
def test_in_words(seconds: float, text: str) -> None:
    assert str(Forecast(seconds, 1_500_000_000)) == f"expected to take {text}"
