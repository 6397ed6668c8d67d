"""The task `flow`: trained to a known optimum, resumed bit for bit, carried over, and honest where it fails."""

import json
import math
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch

from gaugeflow import runs
from gaugeflow.cli import main
from gaugeflow.errors import UserError
from gaugeflow.io import read
from gaugeflow.lattice import plaquette
from gaugeflow.lattice.exact import Exact2D
from gaugeflow.plots import plot_run
from gaugeflow.tasks import Flow
from gaugeflow.tasks.flow.config import FlowConfig
from gaugeflow.tasks.flow.training import Annealing, Schedule
from tests.tasks.crashes import crash
from tests.tasks.flow.models import SIGMA, Harmonic

SMALL = {"samples": 400, "chunk": 100, "reference": {"chains": 4, "warmup": 5, "measurements": 10}}
SCALE: dict[str, Any] = {
    "task": "flow",
    "seed": 3,
    "shape": [2, 2],
    "action": {"name": "python", "object": "tests.tasks.flow.models:Harmonic"},
    "model": {"name": "python", "object": "tests.tasks.flow.models:scale", "invariant_under": "translations * z2"},
    "training": {"steps": 12, "batch": 8, "optimizer": {"name": "adam", "rate": 0.05}},
    "report": SMALL,
}
LINKS: dict[str, Any] = {
    **SCALE,
    "group": "u1",
    "action": {"name": "wilson", "beta": 1.0},
    "model": {"name": "identity"},
    "training": {"steps": 0},
}


def start(path: Path, base: dict[str, Any] = SCALE, **changes: Any) -> dict[str, Any]:
    return runs.start(Flow, runs.Source(json.dumps({**base, **changes}), "test.yaml"), path, quiet=True)


def begun(**changes: Any) -> Flow:
    task = Flow(FlowConfig.model_validate({**SCALE, **changes}))
    task.begin()
    return task


def rows(path: Path) -> dict[str, np.ndarray]:
    metrics = runs.Metrics.load(path / "metrics.h5")
    found = {table: metrics.columns(table) for table in metrics.counts() if not table.endswith("_time")}
    return {f"{table}/{name}": values for table, columns in found.items() for name, values in columns.items()}


def parameters(path: Path) -> dict[str, torch.Tensor]:
    return torch.load(path / "checkpoint.pt", weights_only=True)["state"]["task"]["flow"]


# --- training


@pytest.mark.parametrize("loss", ["path", "reverse_kl", "reinforce", "log_variance"])
def test_training_finds_the_optimum(tmp_path, loss):
    """On a target within reach every sample has the weight Z."""
    training = {
        "steps": 150,
        "batch": 32,
        "chunk": 20,
        "loss": loss,
        "optimizer": {"name": "adam", "rate": 0.05},
        "schedule": {"name": "cosine", "warmup": 5},
        "clip": 100.0,
    }
    report = start(tmp_path / "run", training=training, report={**SMALL, "shapes": [[4, 3]]})
    tolerance = 1e-3 if loss in ("path", "reinforce", "log_variance") else 0.02
    assert abs(float(parameters(tmp_path / "run")["flows.0.a"]) - math.log(SIGMA)) < tolerance
    assert report["ess"] > 1 - tolerance
    assert report["ess_forward"] > 1 - 5 * tolerance
    assert report["acceptance"] > 0.97
    assert abs(report["log_z"] - 4 * math.log(SIGMA * math.sqrt(2 * math.pi))) < 4 * report["log_z_error"] + tolerance
    entry = report["observables"]["phi_squared"]
    assert abs(entry["value"] - SIGMA**2) < 4 * entry["error"]
    assert [volume["shape"] for volume in report["volumes"]] == [[2, 2], [4, 3]]
    assert report["volumes"][1]["ess"] > 1 - 5 * tolerance
    assert report["parameters"] == 1
    assert report["train_seconds"] > 0
    for key in ("ess_error", "tau_int", "samples", "log_z_error", "beside", "plaquette", "plaquette_error"):
        assert key in report
    assert report["beside"]["hmc"]["independent_per_second"] > 0


def test_a_model_that_is_fitted_needs_no_steps(tmp_path):
    model = {**SCALE["model"], "fit": "tests.tasks.flow.models:fit"}
    report = start(tmp_path / "run", model=model, training={"steps": 0})
    assert report["ess"] == pytest.approx(1, abs=1e-12)
    assert report["parameters"] == 1
    assert rows(tmp_path / "run")["fit/a"].tolist() == [math.log(SIGMA)]


def test_annealing_ends_at_the_target(tmp_path):
    anneal = Annealing(start=0.1, steps=10)
    assert [anneal.factor(step) for step in (0, 5, 10, 99)] == [0.1, 0.55, 1.0, 1.0]
    training = {**SCALE["training"], "anneal": {"start": 0.1, "steps": 10}}
    start(tmp_path / "run", training=training)
    found = rows(tmp_path / "run")
    assert found["training/scale"].tolist() == [anneal.factor(step) for step in range(12)]
    # at 0.1 S the best width is sigma / sqrt(0.1): the first steps widen more than those of the target would
    assert float(parameters(tmp_path / "run")["flows.0.a"]) > 0.3


def test_schedules():
    cosine = Schedule(name="cosine", warmup=4, final=0.1)
    assert [cosine.factor(step, 104) for step in (0, 3, 4, 54)] == pytest.approx([0.2, 0.8, 1.0, 0.55])
    assert cosine.factor(103, 104) == pytest.approx(0.1, abs=1e-3)
    assert Schedule(warmup=1).factor(50, 100) == 1
    annealing = Annealing(start=0.25, steps=4)
    assert [annealing.factor(step) for step in (0, 2, 4, 9)] == pytest.approx([0.25, 0.625, 1.0, 1.0])


@pytest.mark.parametrize("stop", [1, 6, 15, 22])
def test_a_run_stopped_anywhere_goes_on_bit_for_bit(tmp_path, stop):
    start(tmp_path / "whole", checkpoint_every={"steps": 1})
    with crash(Flow, stop):
        start(tmp_path / "cut", checkpoint_every={"steps": 1})
    runs.resume(Flow, tmp_path / "cut", quiet=True)
    whole, cut = rows(tmp_path / "whole"), rows(tmp_path / "cut")
    assert whole.keys() == cut.keys()
    for name, values in whole.items():
        np.testing.assert_array_equal(values, cut[name], strict=True)
    assert torch.equal(parameters(tmp_path / "whole")["flows.0.a"], parameters(tmp_path / "cut")["flows.0.a"])


# --- transfer


def test_a_run_begins_where_another_ended(tmp_path):
    start(tmp_path / "first")
    fitted = {**SCALE["model"], "fit": "tests.tasks.flow.models:fit"}  # what is carried over is not fitted again
    changes = {"shape": [3, 4], "init_from": str(tmp_path / "first"), "training": {"steps": 0}}
    start(tmp_path / "second", model=fitted, **changes)
    assert torch.equal(parameters(tmp_path / "first")["flows.0.a"], parameters(tmp_path / "second")["flows.0.a"])


def test_what_cannot_be_carried_over(tmp_path):
    start(tmp_path / "first")
    source = str(tmp_path / "first")
    model = {**SCALE["model"], "options": {"layers": 2}}
    with pytest.raises(UserError, match=r"another model: flows\.1\.a is missing"):
        start(tmp_path / "second", init_from=source, model=model)
    with pytest.raises(UserError, match="expected a flow for u1, came one for scalars"):
        start(tmp_path / "second", LINKS, init_from=source)
    with pytest.raises(UserError, match="found nothing"):
        start(tmp_path / "second", init_from=str(tmp_path / "nowhere"))
    checkpoint = tmp_path / "first" / "checkpoint.pt"
    damaged = bytearray(checkpoint.read_bytes())
    damaged[len(damaged) // 2] ^= 255
    checkpoint.write_bytes(damaged)
    with pytest.raises(UserError, match="damaged"):
        start(tmp_path / "second", init_from=source)
    assert not (tmp_path / "second").exists()


def test_a_lattice_that_the_parameters_do_not_serve(tmp_path):
    turn = {**LINKS, "model": {"name": "python", "object": "tests.tasks.flow.models:turn"}}
    with pytest.raises(UserError, match=r"report\.shapes: \[3, 2\].*flows\.0\.angle: expected \(2, 3, 2\), came"):
        start(tmp_path / "run", turn, report={**SMALL, "shapes": [[3, 2]]})


# --- what goes wrong is said


def test_a_gradient_that_is_not_finite_ends_the_run(tmp_path):
    with pytest.raises(
        UserError, match=r"training, step \d+: log w of the batch is not finite.*diverged_step"
    ) as raised:
        start(tmp_path / "run", model={"name": "python", "object": "tests.tasks.flow.models:poison"})
    (saved,) = (tmp_path / "run").glob("diverged_step_*.pt")
    found = torch.load(saved, weights_only=True)
    assert f"step {found['step']}" in str(raised.value)
    assert found["z"].shape == (8, 2, 2)
    assert float(found["parameters"]["flows.0.a"]) > 0.05
    assert float(parameters(tmp_path / "run")["flows.0.a"]) == 0  # the last checkpoint is whole


def test_a_collapse_gives_no_confident_number(tmp_path):
    report = start(tmp_path / "run", action={**SCALE["action"], "options": {"sigma": 0.05}}, training={"steps": 0})
    assert "worth" in report["collapsed"]
    for key in ("ess", "ess_error", "log_z", "plaquette", "tau_int"):
        assert report[key] is None
    assert report["observables"] == report["reweighted"] == {}
    assert "The weights have collapsed" in (tmp_path / "run" / "report.md").read_text()


def test_a_part_of_the_target_that_the_flow_misses(tmp_path):
    """With sigma = 4 its own samples, of width 1, are worth hundreds; those of the target have weights up to e^40."""
    report = start(
        tmp_path / "run",
        shape=[1, 1],
        action={**SCALE["action"], "options": {"sigma": 4.0}},
        training={"steps": 0},
        report={"samples": 4000, "reference": {"chains": 16, "warmup": 20, "measurements": 5}},
    )
    assert "misses a part" in report["collapsed"]
    assert report["ess_forward"] < 0.01
    assert report["ess"] is report["volumes"][0]["ess"] is None


def test_a_lattice_without_weights_says_so_in_its_row(tmp_path, monkeypatch):
    whole = Harmonic.__call__
    monkeypatch.setattr(Harmonic, "__call__", lambda self, x: whole(self, x) * (math.nan if x.shape[-1] == 3 else 1))
    model = {**SCALE["model"], "fit": "tests.tasks.flow.models:fit"}
    report = start(tmp_path / "run", model=model, training={"steps": 0}, report={**SMALL, "shapes": [[2, 3], [4, 4]]})
    first, bad, last = report["volumes"]
    assert "got nan at sample 0" in bad["collapsed"]
    assert bad["ess"] is None
    assert report["ess"] == first["ess"] == pytest.approx(last["ess"])


def test_samples_without_weights_are_refused():
    task = begun()
    with torch.no_grad():
        task.flow.flows[0].a.fill_(math.nan)
    for samples in (task.samples, task.weighted_samples):
        with pytest.raises(UserError, match="got NaN or infinity"):
            next(samples(1))


def test_a_chain_of_a_collapsed_flow_warns():
    task = begun(action={**SCALE["action"], "options": {"sigma": 0.05}}, report={**SMALL, "chunk": 3})
    with pytest.warns(RuntimeWarning, match=r"collapsed \(258 samples are worth"):
        assert next(task.samples(1)).shape == (3, 2, 2)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model": {"name": "identity"}}, "steps: 0 for a model without parameters"),
        ({"group": "su2"}, "group: expected one for links and none for scalars"),
        (
            {"model": {"name": "python", "object": "tests.tasks.flow.models:SIGMA"}},
            "model: tests.tasks.flow.models:SIGMA: expected a function that",
        ),
        ({"model": {"name": "python", "object": "tests.tasks.flow.models:Harmonic"}}, "expected a function that"),
        (
            {"action": {"name": "python", "object": "tests.tasks.flow.models:nothing"}},
            "action: tests.tasks.flow.models:nothing",
        ),
        (
            {"action": {"name": "python", "object": "tests.tasks.flow.models:SIGMA"}},
            "expected a gaugeflow.lattice.Action",
        ),
        ({"report": {**SMALL, "shapes": [[4]]}}, "expected 2 extents"),
        ({"report": {**SMALL, "shapes": [[4, 3], [3, 4], [4, 3]]}}, "each lattice once"),
        ({"report": {**SMALL, "shapes": [[2, 2]]}}, "none like `shape`"),
        ({"report": {**SMALL, "observables": ["plaquette"]}}, "plaquette is not measured on the fields"),
        ({"training": {"steps": 1, "batch": 1, "loss": "reinforce"}}, "needs 2 or more"),
        ({"model": {"name": "pyton"}}, "did you mean 'python'"),
    ],
)
def test_mistakes_in_a_configuration(tmp_path, changes, message):
    with pytest.raises(UserError, match=message.replace("[", r"\[")):
        start(tmp_path / "run", **changes)
    assert not (tmp_path / "run").exists()


def test_more_training_is_another_run(tmp_path):
    start(tmp_path / "run", training={"steps": 0})
    with pytest.raises(UserError, match=r"training cannot change on resume.*`init_from` goes on"):
        runs.resume(Flow, tmp_path / "run", ["training.steps=20"], quiet=True)


def test_a_run_in_training_has_no_report_yet(tmp_path, monkeypatch):
    def stop(self: Flow, index: int, record: runs.Record) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Flow, "step", stop)
    with pytest.raises(KeyboardInterrupt):
        start(tmp_path / "run")
    with pytest.raises(UserError, match="still training"):
        runs.report(Flow, tmp_path / "run")


# --- the command line on a run


@pytest.fixture(scope="module")
def links(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("flow") / "run"
    start(path, LINKS, report={**SMALL, "samples": 4000, "shapes": [[3, 2]]})
    return path


def test_the_report_holds_the_exact_values(links):
    report = json.loads((links / "report.json").read_text())
    exact = Exact2D("u1", (2, 2), 1.0)
    assert report["plaquette_exact"] == float(exact.plaquette)
    assert abs(report["plaquette"] - float(exact.plaquette)) < 4 * report["plaquette_error"]
    assert abs(report["log_z"] - float(exact.log_z)) < 4 * report["log_z_error"]
    assert abs(report["observables"]["charge_squared"]["deviation"]) < 4
    assert report["ess_forward_from"] == "exact"
    assert list(report["beside"]) == ["flow", "exact", "heatbath", "hmc"]


def test_a_report_made_anew_repeats_with_its_seed(links):
    before = {path.name: path.read_bytes() for path in links.iterdir()}
    first, again, other = (runs.fresh_report(Flow, links, seed, quiet=True) for seed in (1, 1, 2))
    assert first["ess"] == again["ess"] != other["ess"]
    assert abs(first["ess"] - other["ess"]) < 5 * (first["ess_error"] + other["ess_error"])
    assert {path.name: path.read_bytes() for path in links.iterdir()} == before


def test_samples_come_with_and_without_weights(links, tmp_path, capsys):
    for name, option in (("chain.h5", []), ("own.h5", ["--weighted"])):
        with pytest.raises(SystemExit) as stop:
            main(["sample", str(links), "-n", "1500", "--out", str(tmp_path / name), *option])
        assert stop.value.code == 0
    chain, own = (plaquette(read(tmp_path / name).links).numpy() for name in ("chain.h5", "own.h5"))
    with h5py.File(tmp_path / "own.weights.h5") as file:
        w = np.exp(file["log_weight"][:])
    exact = float(Exact2D("u1", (2, 2), 1.0).plaquette)
    assert abs(chain.mean() - exact) < 0.06  # a chain of tau_int about 2: four errors
    assert abs((w * own).sum() / w.sum() - exact) < 0.06
    assert abs(own.mean()) < 0.06
    with pytest.raises(SystemExit):
        main(["sample", str(links), "-n", str(10**12), "--out", str(tmp_path / "large.h5")])
    assert "expected room for 1000000000000 configurations" in capsys.readouterr().err
    assert not (tmp_path / "large.h5").exists()


def test_scalars_are_sampled_too(tmp_path):
    start(tmp_path / "run", model={**SCALE["model"], "fit": "tests.tasks.flow.models:fit"}, training={"steps": 0})
    runs.sample(Flow, tmp_path / "run", 700, 1, tmp_path / "fields.h5", quiet=True)
    with h5py.File(tmp_path / "fields.h5") as file:
        fields = file["field"][:]
        assert file.attrs["action_name"] == "python"
    assert fields.shape == (700, 2, 2)
    assert abs((fields**2).mean() - SIGMA**2) < 0.5


def test_the_claims_of_a_flow(tmp_path, capsys):
    path = tmp_path / "scale.yaml"
    path.write_text(json.dumps(SCALE))
    with pytest.raises(SystemExit) as stop:
        main(["check", str(path)])
    assert stop.value.code == 0
    assert "log q of the python flow: holds" in capsys.readouterr().out
    turn = {**LINKS, "model": {"name": "python", "object": "tests.tasks.flow.models:turn", "invariant_under": "charge"}}
    turn["action"] = {"name": "python", "object": "tests.tasks.flow.models:Plaquettes"}
    path.write_text(json.dumps(turn))
    with pytest.raises(SystemExit) as stop:
        main(["check", str(path)])
    assert stop.value.code == 1  # its density is constant, so the claim says nothing


def test_every_figure_is_drawn(links, tmp_path):
    assert [path.name for path in plot_run(links)] == ["weights.png", "charge.png", "volumes.png"]
    start(tmp_path / "run")
    names = [path.name for path in plot_run(tmp_path / "run")]
    assert names == ["training.png", "weights.png", "phi_squared.png"]


def test_a_run_shipped_without_its_rows(links, tmp_path):
    for name in ("config.yaml", "checkpoint.pt", "report.json"):
        (tmp_path / name).write_bytes((links / name).read_bytes())
    assert runs.report(Flow, tmp_path) == json.loads((links / "report.json").read_text())
    assert runs.fresh_report(Flow, tmp_path, 1, quiet=True)["ess"] > 0
