"""A run as an object: also one that goes on, also from a thread, also a shipped one."""

import json
import re
import threading
from pathlib import Path

import h5py
import pytest

from gaugeflow import runs
from gaugeflow.errors import UserError
from gaugeflow.io import read
from gaugeflow.tasks import Chain
from tests.places import TRAINED

CONFIG = {
    "task": "chain",
    "seed": 1,
    "group": "u1",
    "shape": [2, 2],
    "action": {"name": "wilson", "beta": 1.0},
    "sampler": {"name": "heatbath"},
    "chains": 2,
    "warmup": 0,
    "measurements": 20,
    "observables": ["plaquette"],
    "save_fields": True,
}


def source(**changes: object) -> runs.Source:
    return runs.Source(json.dumps({**CONFIG, **changes}), "test.yaml")


def test_report_numbers_figures_and_task(tmp_path: Path) -> None:
    report = runs.start(Chain, source(), tmp_path / "run", quiet=True)
    opened = runs.open_run(tmp_path / "run")
    assert opened.report == report
    assert opened.metrics["measurements"]["plaquette"].shape == (20, 2)
    assert [path.suffix for path in opened.figures(format="svg")] == [".svg", ".svg"]
    assert opened.task.field.shape == (2, 2, 2, 2)
    text = report["observables"]["plaquette"]["text"]
    assert re.search(rf"^  plaquette +{re.escape(text)}$", repr(opened), re.MULTILINE)
    assert f"<td>plaquette</td><td>{text}</td>" in opened._repr_html_()


def test_a_shipped_run_by_its_name() -> None:
    opened = runs.open_run("he")
    assert opened.path == TRAINED / "he"
    assert opened.report["energy_text"] in repr(opened)
    assert opened.metrics == {}
    with pytest.raises(UserError, match="did you mean 'hooke'"):
        runs.open_run("hoke")


def test_a_run_may_start_in_a_thread_and_be_read_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, reached, go_on = tmp_path / "run", threading.Event(), threading.Event()
    step = Chain.step

    def waiting(self: Chain, index: int, record: runs.Record) -> None:
        if index == 10:
            reached.set()
            go_on.wait(60)
        step(self, index, record)

    monkeypatch.setattr(Chain, "step", waiting)
    every = {"checkpoint_every": {"seconds": None, "steps": 5}}
    thread = threading.Thread(target=lambda: runs.start(Chain, source(**every), path, quiet=True))
    thread.start()
    try:
        assert reached.wait(60)
        assert len(runs.open_run(path).metrics["measurements"]["plaquette"]) == 10
        assert runs.open_run(path).report["measurements"] == 10
        with h5py.File(path / "chain.h5", "r") as file:
            assert len(file.keys()) > 0
        assert len(read(path / "chain.h5").links) >= 20
    finally:
        go_on.set()
        thread.join(60)
    assert runs.open_run(path).report["measurements"] == 20


def test_a_run_that_fails_at_once_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: Chain) -> dict[str, object]:
        raise RuntimeError("no state")

    monkeypatch.setattr(Chain, "state_dict", fail)
    with pytest.raises(RuntimeError, match="no state"):
        runs.start(Chain, source(save_fields=False), tmp_path / "run", quiet=True)
    assert not (tmp_path / "run").exists()
