"""Paths in a configuration begin where the configuration lies, and a run goes on wherever it is moved."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from gaugeflow import runs
from gaugeflow.errors import UserError
from gaugeflow.groups import get_group
from gaugeflow.io import write
from gaugeflow.lattice import hot_start
from gaugeflow.tasks import Chain, Flow, task_of
from tests.places import CONFIGS, TRAINED

CHAIN: dict[str, Any] = {
    "task": "chain",
    "seed": 3,
    "group": "su2",
    "shape": [2, 2, 2, 2],
    "action": {"name": "wilson", "beta": 2.0},
    "sampler": {"name": "heatbath"},
    "start": "fields/first.nersc",
    "warmup": 0,
    "measurements": 5,
    "observables": ["plaquette"],
}
FLOW: dict[str, Any] = {
    "task": "flow",
    "seed": 3,
    "group": "u1",
    "shape": [2, 2],
    "action": {"name": "wilson", "beta": 1.0},
    "model": {"name": "identity"},
    "training": {"steps": 0},
    "report": {"samples": 100, "samplers": ["hmc"], "reference": {"chains": 2, "warmup": 2, "measurements": 5}},
}


def written(path: Path, content: dict[str, Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(content))
    return path


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a field and a configuration that starts from it; one stands elsewhere."""
    folder = tmp_path / "project"
    written(folder / "chain.yaml", CHAIN)
    (folder / "fields").mkdir()
    generator = torch.Generator().manual_seed(1)
    write(folder / "fields" / "first.nersc", hot_start(get_group("su2"), (2, 2, 2, 2), generator))
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    return folder


def test_a_path_begins_at_its_configuration(project: Path) -> None:
    runs.start(Chain, runs.Source.read(project / "chain.yaml"), project / "run", quiet=True)
    kept = yaml.safe_load((project / "run" / "config.yaml").read_text())["start"]
    assert kept == str(project / "fields" / "first.nersc")


def test_a_path_of_the_command_line_begins_where_one_stands(project: Path) -> None:
    source = runs.Source.read(project / "chain.yaml")
    source.override(["start=../project/fields/first.nersc"])
    assert Chain.of(source).config.start == str(project / "fields" / "first.nersc")
    source.override(["start=nowhere.nersc"])
    with pytest.raises(UserError, match=rf"{Path.cwd()}/nowhere.nersc"):
        runs.start(Chain, source, project / "run", quiet=True)


@pytest.mark.parametrize("moved", ["run", "project"])
def test_a_run_goes_on_after_a_move(project: Path, moved: str) -> None:
    runs.start(Chain, runs.Source.read(project / "chain.yaml"), project / "run", quiet=True)
    if moved == "run":
        shutil.move(project / "run", Path("run"))
        shutil.rmtree(project)
    else:
        shutil.move(project, Path("moved"))
    place = Path("run") if moved == "run" else Path("moved") / "run"
    found = runs.resume(Chain, place, ["measurements=8"], quiet=True)
    assert found["measurements"] == 8
    assert runs.open_run(place).report["measurements"] == 8


def test_a_flow_goes_on_without_the_run_that_it_began_from(project: Path) -> None:
    runs.start(Flow, runs.Source.read(written(project / "one.yaml", FLOW)), project / "one", quiet=True)
    for name, change in {"two": {"init_from": "one"}, "three": {"base": {"name": "run", "path": "one"}}}.items():
        source = runs.Source.read(written(project / f"{name}.yaml", {**FLOW, **change}))
        runs.start(Flow, source, project / name, quiet=True)
    shutil.rmtree(project / "one")
    shutil.move(project, Path("moved"))
    for name in ("two", "three"):
        resumed = runs.resume(Flow, Path("moved") / name, quiet=True)
        fresh = runs.fresh_report(Flow, Path("moved") / name, 1, quiet=True)
        assert fresh["samples"] == resumed["samples"] == FLOW["report"]["samples"]


@pytest.mark.parametrize("path", [path for path in sorted(CONFIGS.glob("*/*.yaml")) if "init_from" in path.read_text()])
def test_shipped_configurations_run_from_anywhere(path: Path, project: Path) -> None:
    source = runs.Source.read(path)
    name = source.data["init_from"]
    kind = task_of(source)
    assert kind.of(source).config.init_from == name
    copied = written(project / "copy.yaml", source.data)
    task = kind.of(runs.Source.read(copied))
    if source.data.get("shape") == [8, 8]:
        task.begin()


@pytest.mark.parametrize("name", ["u1_2d_64_beta7_refinement", "u1_2d_8_beta3_stochastic"])
def test_a_run_that_kept_a_relative_path_still_opens(name: str, project: Path) -> None:
    """Once, paths were kept as they were written."""
    task = runs.open_run(TRAINED / name).task
    assert str(TRAINED) in str(task.config.init_from)
