"""Evolutions of a configuration that begin in equilibrium: a defect that closes, a coupling that grows."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from gaugeflow import runs
from gaugeflow.cli import main
from gaugeflow.errors import UserError
from gaugeflow.lattice import WilsonAction, hot_start
from gaugeflow.lattice.exact import Exact2D
from gaugeflow.runs import open_run
from gaugeflow.tasks import Flow
from gaugeflow.tasks.flow.base import Equilibrium
from gaugeflow.tasks.paths import DefectConfig
from tests.tasks.crashes import crash

pytestmark = pytest.mark.slow

SWEEPS = {"name": "heatbath", "overrelaxation": 1}
DEFECT = {"name": "equilibrium", "defect": {"length": 2}, "sampler": SWEEPS, "updates": 30}
UPDATES: dict[str, Any] = {"density": "path", "linear": {"steps": 10}, "sampler": SWEEPS, "near": 1}
CONFIG: dict[str, Any] = {
    "task": "flow",
    "seed": 3,
    "group": "u1",
    "shape": [4, 4],
    "action": {"name": "wilson", "beta": 4.0},
    "base": DEFECT,
    "model": {"name": "identity"},
    "training": {"steps": 0},
    "stochastic": {"updates": [UPDATES], "steps": {"samples": 32}},
    "report": {
        "samples": 800,
        "chunk": 400,
        "samplers": ["heatbath"],
        "reference": {"chains": 4, "warmup": 2, "measurements": 5},
        "observables": ["plaquette", {"name": "charge", "definition": "geometric"}],
    },
}


def start(path: Path, **changes: Any) -> dict[str, Any]:
    return runs.start(Flow, runs.Source(json.dumps({**CONFIG, **changes}), "test.yaml"), path, quiet=True)


def exact_ratio(beta: float, easier: float) -> float:
    """log of the partition functions' ratio on 4 x 4."""
    return float(Exact2D("u1", (4, 4), beta).log_z - Exact2D("u1", (4, 4), easier).log_z)


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Runs that close a defect without layers and with them."""
    folder = tmp_path_factory.mktemp("closed")
    start(folder / "none", stochastic={"updates": [UPDATES]})
    start(folder / "layers")
    return {name: folder / name for name in ("none", "layers")}


@pytest.mark.parametrize("name", ["none", "layers"])
def test_a_defect_closes_to_the_exact_charge(closed, name):
    report = json.loads((closed[name] / "report.json").read_text())
    assert report["work"]["updates"] == 9
    for observable in ("plaquette", "charge", "charge_squared"):
        assert abs(report["observables"][observable]["deviation"]) < 4
    assert report["log_z_exact"] is None
    assert "log Z of the target over the base" in (closed[name] / "report.md").read_text()


def test_layers_lose_less_than_none(closed):
    none, layers = (json.loads((path / "report.json").read_text()) for path in closed.values())
    assert layers["parameters"] > none["parameters"] == 0
    assert layers["work"]["variance"] < 0.8 * none["work"]["variance"]


@pytest.mark.parametrize("schedule", [{"linear": {"steps": 5}}, {"learned": {"steps": 5, "rounds": 2}}])
def test_a_coupling_that_grows_has_the_exact_ratio(tmp_path, schedule):
    updates = {"density": "path", "sampler": {"name": "heatbath"}, **schedule}
    base = {"name": "equilibrium", "scale": 0.5, "sampler": SWEEPS, "updates": 30}
    report = start(tmp_path / "run", base=base, stochastic={"updates": [updates]})
    assert abs(report["log_z"] - exact_ratio(4.0, 2.0)) < 4 * report["log_z_error"]
    assert report["log_z_error"] < 0.1
    assert abs(report["plaquette"] - report["plaquette_exact"]) < 4 * report["plaquette_error"]


def test_a_path_leads_from_the_easier_action_to_the_target(generator):
    action, links = WilsonAction(2, 4.0), hot_start("u1", (4, 4), generator, 1)
    closing = DefectConfig(length=2, strength=0.2)
    assert [closing.closed(t).strength for t in (0.0, 0.5, 1.0)] == pytest.approx([0.2, 0.6, 1.0])
    path = Equilibrium.model_validate({**DEFECT, "defect": closing}).path(action)
    assert path(0.0).profile == closing.closed(0.0)
    assert path(1.0).profile is None
    growing = Equilibrium.model_validate({**DEFECT, "defect": None, "scale": 0.5}).path(action)
    shares = [float(growing(t)(links) / action(links)) for t in (0.0, 0.5, 1.0)]
    assert shares == pytest.approx([0.5, 0.75, 1.0])


def test_updates_stand_behind_the_layer_to_their_action(closed):
    task = open_run(closed["layers"]).task
    base, section = task.config.equilibrium, task.config.stochastic
    stochastic, times = section.build(task.flow, base), section.updates[0].linear.times
    assert len(task.flow.flows) == len(times) + 1
    found = {place: [updates.action.profile for updates in ladder] for place, ladder in stochastic.updates.items()}
    assert found == {place: [base.defect.closed(t)] for place, t in enumerate(times, start=1)}


def test_only_links_near_the_defect_are_updated(tmp_path, generator):
    config = runs.validate(Flow.schema, runs.Source(json.dumps(CONFIG | {"shape": [8, 8]}), "test.yaml"))
    entry, base = config.stochastic.updates[0], config.equilibrium
    kept = base.path(WilsonAction(2, 4.0))(0.5)
    before = hot_start("u1", (8, 8), generator, 2)
    after, _ = entry.maker(base)(kept).update(before, generator)
    moved = ((after - before).abs() > 1e-9).any(0)
    assert torch.equal(moved, base.defect.closed(0.0).around(1)((8, 8)))


def test_how_long_layers_are_learned_is_not_foretold():
    def of(**changes: Any) -> str:
        return Flow(runs.validate(Flow.schema, runs.Source(json.dumps(CONFIG | changes), "test.yaml"))).not_foretold

    assert of() == "the learning of the layers"
    assert of(stochastic={"updates": [UPDATES]}) == ""


FEW = {**CONFIG["report"], "samples": 100, "chunk": 25}


@pytest.mark.parametrize("stop", [0, 3])
def test_a_run_along_a_path_goes_on_bit_for_bit(tmp_path, stop):
    few: dict[str, Any] = {"checkpoint_every": {"steps": 1}, "report": FEW}
    start(tmp_path / "whole", **few)
    with crash(Flow, stop):
        start(tmp_path / "cut", **few)
    runs.resume(Flow, tmp_path / "cut", quiet=True)
    whole, cut = (runs.Metrics.load(tmp_path / name / "metrics.h5") for name in ("whole", "cut"))
    assert whole.counts() == cut.counts()
    for name, values in whole.columns("flow").items():
        np.testing.assert_array_equal(cut.columns("flow")[name], values, strict=True)


def test_its_claims_hold(closed, capsys):
    with pytest.raises(SystemExit) as stop:
        main(["check", str(closed["layers"])])
    assert stop.value.code == 0, capsys.readouterr()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"base": None}, "density: path: expected base"),
        ({"base": {"name": "heat_kernel", "time": 0.3}}, "density: path: expected base"),
        ({"base": {**DEFECT, "scale": 0.5}}, "equilibrium: expected either `defect` or `scale`"),
        ({"base": {"name": "equilibrium", "sampler": SWEEPS}}, "equilibrium: expected either `defect` or `scale`"),
        ({"base": {**DEFECT, "defect": None, "scale": 0.5}}, "near: expected a defect in the base"),
        ({"base": {**DEFECT, "defect": {"length": 9}}}, "expected a length up to 4"),
        ({"base": {**DEFECT, "defect": {"length": 2, "axis": 2}}}, "expected an axis below 2, got 2"),
        (
            {"action": {"name": "wilson", "beta": 4.0, "boundary": "open"}},
            "expected boundary: periodic beside a defect",
        ),
        ({"group": None, "action": {"name": "phi4", "m2": 1.0, "lam": 1.0}}, "made of Wilson loops, got Phi4Action"),
        ({"training": {"steps": 3}}, "steps: expected model: {name: identity}"),
        ({"init_from": "u1_2d_8_coupling"}, "steps: expected model: {name: identity}"),
    ],
)
def test_mistakes_in_a_path(tmp_path, changes, message):
    if changes.get("group", "u1") is None:
        changes = {**changes, "report": {**FEW, "samplers": ["hmc"], "observables": ["phi_squared"]}}
    with pytest.raises(UserError, match=message):
        start(tmp_path / "run", **changes)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"near": 1, "sampler": {"name": "hmc"}}, "near: expected density: path"),
        ({"near": 1, "density": "target"}, "near: expected density: path"),
        ({"linear": {"start": 0.5, "steps": 6}}, "start: the base of a path is at 0"),
        ({"linear": None, "times": [0.5]}, "steps: expected one entry of updates, with density: path and linear"),
        ({"after": 0}, "steps: expected one entry of updates, with density: path and linear"),
    ],
)
def test_mistakes_in_its_updates(tmp_path, entry, message):
    stochastic = {**CONFIG["stochastic"], "updates": [{**UPDATES, **entry}]}
    with pytest.raises(UserError, match=message):
        start(tmp_path / "run", stochastic=stochastic)
    assert not (tmp_path / "run").exists()
