"""A run made on a machine with a GPU is opened on one without."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from gaugeflow import plots, runs
from gaugeflow.cli import main
from gaugeflow.errors import UserError
from gaugeflow.runs.checkpoint import load_checkpoint, save_checkpoint
from gaugeflow.tasks import TASKS, claims_of

COMMON: dict[str, Any] = {"seed": 5, "checkpoint_every": {"steps": 3}}
CHAIN = {
    "shape": [4, 4],
    "group": "u1",
    "action": {"name": "wilson", "beta": 1.0},
    "sampler": {"name": "heatbath"},
    "warmup": 1,
    "measurements": 8,
    "observables": ["plaquette"],
}
FLOW = {
    "shape": [2, 2],
    "group": "u1",
    "action": {"name": "wilson", "beta": 1.0},
    "model": {"name": "identity"},
    "training": {"steps": 0},
    "report": {"samples": 100, "reference": {"chains": 2, "warmup": 2, "measurements": 5}, "samplers": ["hmc"]},
}
VMC = {
    "system": {"name": "quantum_dot", "n_up": 1, "n_down": 1},
    "wavefunction": {
        "ansatz": {"name": "determinant"},
        "backbone": {"name": "deep_sets", "width": 4, "layers": 1},
    },
    "walkers": {"count": 16, "steps": 2},
    "optimizer": {"name": "spring", "rate": 0.3, "decay": 30},
    "warmup": 1,
    "iterations": 2,
    "evaluation": 30,
}
TASKS_SMALL = {"chain": CHAIN, "flow": FLOW, "vmc": VMC}
LONGER: dict[str, list[str]] = {"chain": ["measurements=10"], "flow": [], "vmc": ["evaluation=31"]}


def made_on(device: str, name: str, path: Path) -> Path:
    """A finished run whose files say what they would say, had it been made on `device`."""
    source = runs.Source(json.dumps({"task": name, **COMMON, **TASKS_SMALL[name]}), "small.yaml")
    runs.start(TASKS[name], source, path, quiet=True)
    config = yaml.safe_load((path / "config.yaml").read_text())
    (path / "config.yaml").write_text(yaml.safe_dump({**config, "device": device}))
    done, state = load_checkpoint(path / "checkpoint.pt", name)
    state["config"]["device"] = device
    state["task"]["generator"] = torch.tensor([5, *[0] * 15], dtype=torch.uint8)  # seed and offset, as CUDA has them
    save_checkpoint(path / "checkpoint.pt", name, done, state)
    return path


@pytest.mark.parametrize("name", TASKS_SMALL)
def test_a_run_of_a_gpu_opens_without_one(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    path, task = made_on("cuda:1", name, tmp_path / "run"), TASKS[name]

    def elsewhere() -> pytest.WarningsRecorder:
        return pytest.warns(UserWarning, match=r"device: cuda:1 is not on this machine \(cpu\), computing on cpu")

    with elsewhere():
        found = runs.report(task, path)
    assert json.loads((path / "report.json").read_text()).keys() == found.keys()
    with elsewhere():
        assert runs.fresh_report(task, path, 1, quiet=True)["fresh"]
    with elsewhere():
        claims_of(str(path))
    with elsewhere():
        assert runs.open_run(path).task.config.device == "cpu"
    if name != "vmc":
        assert plots.plot_run(path)
    with elsewhere():
        runs.sample(task, path, 2, 1, tmp_path / "samples.h5") if name != "vmc" else plots.plot_run(path)
    with elsewhere():
        runs.resume(task, path, quiet=True)
    runs.resume(task, path, ["device=cpu", *LONGER[name]], quiet=True)


@pytest.mark.parametrize(
    ("there", "device", "computes_on"), [(1, "cuda:1", "cuda"), (1, "cuda:0", "cuda:0"), (0, "cuda", "cpu")]
)
def test_the_nearest_device_serves(there: int, device: str, computes_on: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from gaugeflow.runs.devices import present_device

    monkeypatch.setattr(torch.cuda, "device_count", lambda: there)
    if device == computes_on:
        assert present_device(device) == device
    else:
        with pytest.warns(UserWarning, match=f"computing on {computes_on}"):
            assert present_device(device) == computes_on


def test_a_new_run_is_refused_where_its_device_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A day of a GPU is a month of a CPU: nobody starts that unasked."""
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    source = runs.Source(json.dumps({"task": "chain", **COMMON, **CHAIN, "device": "cuda"}), "small.yaml")
    with pytest.raises(UserError, match=r"device: expected one of this machine \(cpu\), came cuda; see --device"):
        runs.start(TASKS["chain"], source, tmp_path / "run", quiet=True)
    assert not (tmp_path / "run").exists()


def test_random_numbers_of_another_kind_of_device_go_on_from_a_key_of_their_state(tmp_path: Path) -> None:
    from gaugeflow.runs.devices import restored_generator

    here = torch.Generator().manual_seed(3)
    torch.rand(5, generator=here)
    again = restored_generator("cpu", here.get_state())
    assert torch.equal(torch.rand(3, generator=again), torch.rand(3, generator=here))
    foreign = [restored_generator("cpu", torch.tensor([k] * 16, dtype=torch.uint8)) for k in (1, 1, 2)]
    first, same, other = (float(torch.rand((), generator=one)) for one in foreign)
    assert first == same != other


def test_the_command_line_takes_a_device(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = made_on("cuda:1", "chain", tmp_path / "run")
    for command in (["report", path, "--fresh"], ["report", path], ["sample", path, "-n", "1"], ["resume", path]):
        with pytest.raises(SystemExit) as stop:
            main([str(part) for part in (*command, "--device", "cpu")])
        assert stop.value.code == 0
        assert "warning" not in capsys.readouterr().err
    with pytest.raises(SystemExit) as stop:
        main(["report", str(path), "--device", "cuda:77"])
    assert stop.value.code == 2
    assert "expected one of this machine" in capsys.readouterr().err
