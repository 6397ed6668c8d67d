"""What goes wrong with a flow, as a user meets it on the command line: one message, exit code 2, nothing lost."""

import json
import warnings
from pathlib import Path
from typing import Any

import pytest
import torch

from gaugeflow.cli import main

CONFIG: dict[str, Any] = {
    "task": "flow",
    "seed": 1,
    "group": "u1",
    "shape": [2, 2],
    "checkpoint_every": {"steps": 1},
    "action": {"name": "wilson", "beta": 1.0},
    "model": {"name": "coupling", "layers": 2, "hidden": [4], "kernel": 1, "knots": 2},
    "training": {"steps": 2, "batch": 8},
    "report": {
        "samples": 200,
        "chunk": 100,
        "samplers": ["heatbath"],
        "reference": {"chains": 4, "warmup": 2, "measurements": 5},
    },
}


def code(*arguments: object) -> object:
    with pytest.raises(SystemExit) as stop:
        main([str(argument) for argument in arguments])
    return stop.value.code


def written(path: Path, **changes: Any) -> Path:
    path.write_text(json.dumps({**CONFIG, **changes}))
    return path


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    assert code("run", written(folder / "flow.yaml"), "--out", folder / "run", "--json") == 0
    return folder / "run"


@pytest.fixture
def run(whole: Path, tmp_path: Path) -> Path:
    """A copy to damage."""
    copy = tmp_path / "run"
    copy.mkdir()
    for file in whole.iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    return copy


def refused(run: Path, capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """The one message of a command that fails and leaves every file of the run as it was."""
    before = {file.name: file.read_bytes() for file in run.iterdir()}
    capsys.readouterr()
    assert code(*arguments) == 2
    assert {file.name: file.read_bytes() for file in run.iterdir()} == before
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("gaugeflow: ")
    assert printed.err.count("\n") == 1
    return printed.err


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"shape": [4, 5]}, "multiple of 2 along axis 1, got 5 on the lattice (4, 5)"),
        ({"report": {**CONFIG["report"], "shapes": [[3, 4]]}}, "multiple of 2 along axis 0, got 3"),
        ({"shape": [4, 4, 4], "model": {**CONFIG["model"], "mask": "blocks"}}, "expected a lattice of 2 axes"),
    ],
)
def test_a_lattice_that_no_mask_serves(tmp_path, capsys, changes, message):
    config = written(tmp_path / "flow.yaml", **changes)
    assert code("run", config, "--out", tmp_path / "run") == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("command", [("report", "--fresh"), ("resume",), ("sample", "-n", 3)])
def test_checkpoints_that_cannot_serve(run, capsys, command):
    """Of another version, of another group, without its parameters, and damaged."""
    name, *options = command
    file = run / "checkpoint.pt"
    content = torch.load(file, weights_only=True)
    config, task = content["state"]["config"], content["state"]["task"]
    cases = {
        "came format 99 written by gaugeflow '9.9'": {**content, "format": 99, "version": "9.9"},
        "group": {**content, "state": {**content["state"], "config": {**config, "group": "su2"}}},
        "expected a state of this version of the task flow": {
            **content,
            "state": {**content["state"], "task": {key: task[key] for key in task if key != "flow"}},
        },
        "parameters of another model: flows.0.": {
            **content,
            "state": {**content["state"], "task": {**task, "flow": {}}},
        },
    }
    for message, stored in cases.items():
        torch.save(stored, file)
        assert message in refused(run, capsys, name, run, *options)
    file.write_bytes(file.read_bytes()[:-100])
    assert "damaged" in refused(run, capsys, name, run, *options)


def test_the_parameters_of_another_group_are_not_taken(run, tmp_path, capsys):
    config = written(tmp_path / "other.yaml", group="su2", init_from=str(run))
    assert "expected a flow for su2, came one for u1" in refused(run, capsys, "run", config, "--out", tmp_path / "b")
    assert not (tmp_path / "b").exists()


def test_a_training_that_diverges_names_the_step_and_keeps_the_batch(tmp_path, capsys):
    """Here a layer refuses the field that another has ruined."""
    optimizer = {"name": "adam", "rate": 1e300}
    config = written(tmp_path / "flow.yaml", training={"steps": 9, "batch": 8, "optimizer": optimizer})
    path = tmp_path / "run"
    assert code("run", config, "--out", path, "--json") == 2
    message = capsys.readouterr().err
    (saved,) = path.glob("diverged_step_*.pt")
    found = torch.load(saved, weights_only=True)
    assert f"training, step {found['step']}: {found['reason']}; batch and parameters are saved in" in message
    assert found["z"].shape == (8, 2, 2, 2)
    checkpoint = torch.load(path / "checkpoint.pt", weights_only=True)
    assert checkpoint["step"] == 1 + found["step"]
    assert "still training" in refused(path, capsys, "report", path)


def test_a_collapse_is_said_wherever_its_numbers_would_stand(tmp_path, capsys):
    config = written(tmp_path / "flow.yaml", action={"name": "wilson", "beta": 60.0}, training={"steps": 0})
    assert code("run", config, "--out", tmp_path / "run") == 0
    assert "The weights have collapsed: 200 samples are worth" in capsys.readouterr().out
    report = json.loads((tmp_path / "run" / "report.json").read_text())
    rests_on_weights = ("ess", "ess_error", "log_z", "log_z_forward", "plaquette", "plaquette_error", "tau_int")
    assert [key for key in rests_on_weights if report[key] is not None] == []
    assert report["reweighted"] == report["observables"] == {}
    assert report["beside"]["flow"]["tau_int"] is report["beside"]["flow"]["independent_per_second"] is None
    assert report["beside"]["heatbath"]["independent_per_second"] > 0
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        assert code("sample", tmp_path / "run", "-n", 3) == 0
    assert capsys.readouterr().err.startswith("gaugeflow: warning: the weights have collapsed (300 samples are worth")


def test_no_room_and_files_that_are_there(run, capsys):
    assert "expected room for 1000000000000 configurations" in refused(run, capsys, "sample", run, "-n", 10**12)
    (run / "samples.weights.h5").write_text("dear")
    assert "samples.weights.h5: expected a new file" in refused(run, capsys, "sample", run, "-n", 3, "--weighted")
    assert "config.yaml: expected a new file" in refused(
        run, capsys, "sample", run, "-n", 3, "--out", run / "config.yaml"
    )
