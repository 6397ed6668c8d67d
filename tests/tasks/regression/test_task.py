"""The task `regression`: right targets, an optimiser that ends in the minimum, and runs that can be stopped."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from gaugeflow import runs
from gaugeflow.errors import UserError
from gaugeflow.io import read
from gaugeflow.lattice import charge_plaquette, hot_start, plaquette, wilson_loop
from gaugeflow.nn import GaugeTheory, LinkCNN, levenberg_marquardt
from gaugeflow.nn.least_squares import Fit, gather
from gaugeflow.plots import plot_run
from gaugeflow.runs.checkpoint import load_checkpoint
from gaugeflow.symmetry import Links, check
from gaugeflow.symmetry.actions.scalars import Scalars
from gaugeflow.tasks import Regression
from gaugeflow.tasks.regression.report import misses
from gaugeflow.tasks.regression.target import Charge, Loop
from tests.places import ROOT
from tests.tasks.crashes import crash

SHIPPED = sorted((ROOT / "configs" / "trained").glob("lcnn_*"))

BASE: dict[str, Any] = {
    "task": "regression",
    "seed": 20261120,
    "group": "su2",
    "shape": [4, 4],
    "test_shapes": [[4, 4], [4, 6]],
    "target": {"name": "loop", "path": "1x2"},
    "fields": {"betas": [1.0, 2.0, 4.0], "configurations": {"train": 3, "validation": 1, "test": 2}, "sweeps": 5},
    "network": {"layers": [{"name": "convolution-bilinear", "channels": 1, "paths": ["", "+t"]}]},
    "training": {"initial": 0.3, "iterations": 20, "attempts": 2},
    "baseline": {"depth": 2, "updates": 60},
    "seeds": 2,
    "bar": 1e-10,
}


def task(**changes: Any) -> Regression:
    return Regression(runs.validate(Regression.schema, runs.Source(json.dumps({**BASE, **changes}), "test.yaml")))


def run(path: Path, **changes: Any) -> dict[str, Any]:
    return runs.start(Regression, runs.Source(json.dumps({**BASE, **changes}), "test.yaml"), path, quiet=True)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of two networks, which nobody changes."""
    path = tmp_path_factory.mktemp("finished") / "run"
    run(path)
    return path


def test_targets_are_those_of_the_observables(generator: torch.Generator) -> None:
    plane, space = hot_start("su3", (4, 5), generator, 2), hot_start("su2", (3, 2, 3, 2), generator, 2)
    for r, t in ((1, 1), (3, 2), (4, 4)):
        density = Loop(name="loop", path=f"{r}x{t}").density(plane)
        assert density.shape == (2, 4, 5)
        torch.testing.assert_close(density.mean((1, 2)), wilson_loop(plane, r, t))
    density = Charge(name="charge_plaquette").density(space)
    torch.testing.assert_close(density.sum((1, 2, 3, 4)), charge_plaquette(space))


def fitted(residuals: Any, x: Tensor, steps: int) -> Fit:
    fit = Fit(x)
    for _ in range(steps):
        fit = levenberg_marquardt(residuals, fit)
    return fit


def test_levenberg_marquardt_solves_what_is_known(generator: torch.Generator) -> None:
    a, b = (torch.randn(*size, generator=generator, dtype=torch.float64) for size in ((30, 4), (30,)))
    linear = fitted(lambda x: a @ x - b, torch.zeros(4, dtype=torch.float64), 12)
    torch.testing.assert_close(linear.x, torch.linalg.lstsq(a, b[:, None]).solution[:, 0])
    valley = fitted(
        lambda x: torch.stack((10 * (x[1] - x[0] ** 2), 1 - x[0])), torch.tensor([-1.2, 1.0], dtype=torch.float64), 40
    )
    torch.testing.assert_close(valley.x, torch.ones(2, dtype=torch.float64))
    assert valley.loss < 1e-25


def test_samples_give_the_same_step_backwards(generator: torch.Generator) -> None:
    """Two residuals of each sample and three parameters: row by row with samples, column by column without."""
    a, b = (torch.randn(7, 2, generator=generator, dtype=torch.float64) for _ in range(2))

    def residuals(x: Tensor, a: Tensor, b: Tensor) -> Tensor:
        return x[0] * torch.sin(a + x[1]) - x[2] * b

    start = Fit(torch.tensor([1.0, 0.5, 2.0], dtype=torch.float64))
    columns = levenberg_marquardt(lambda x: residuals(x, a, b).flatten(), start)
    rows = levenberg_marquardt(residuals, start, (a, b))
    torch.testing.assert_close(rows.x, columns.x, rtol=1e-12, atol=0)
    assert rows.loss == pytest.approx(columns.loss, rel=1e-12)


def test_levenberg_marquardt_never_goes_uphill() -> None:
    """From x = 2 the full step on arctan(x) leads to -3.5 and a larger residual: the damping grows until it falls."""
    fit, losses = Fit(torch.tensor([2.0], dtype=torch.float64)), [float(np.arctan(2.0)) ** 2]
    for _ in range(12):
        fit = levenberg_marquardt(torch.arctan, fit)
        losses.append(fit.loss)
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < 1e-25


def test_a_step_that_is_not_a_number_is_not_taken() -> None:
    fit = fitted(lambda x: torch.log(x) + 3, torch.tensor([5.0], dtype=torch.float64), 30)
    assert float(fit.x) == pytest.approx(np.exp(-3), rel=1e-10)
    still = levenberg_marquardt(lambda x: torch.full_like(x, torch.nan), Fit(torch.ones(2, dtype=torch.float64)))
    assert still.at_rest
    assert np.isnan(still.loss)


def test_a_run_finds_the_loop_and_reports_it(finished: Path) -> None:
    report = json.loads((finished / "report.json").read_text())
    assert set(report["mse"]) == {"4x4", "4x6"}
    assert (report["seeds"], report["seeds_failed"]) == (2, 0)
    assert max(report["mse_worst"].values()) < 1e-25
    assert min(report["mse_baseline"].values()) > 1e-4
    assert report["parameters"] == 5 * 3 + 3
    assert report["parameters_baseline"] >= report["parameters"]
    assert runs.report(Regression, finished)["mse"] == report["mse"]
    assert "4x6" in (finished / "report.md").read_text()


def test_a_run_is_drawn(tmp_path: Path, finished: Path) -> None:
    shutil.copytree(finished, tmp_path / "run")
    assert {path.name for path in plot_run(tmp_path / "run")} == {"prediction_4x4.png", "prediction_4x6.png"}


def test_the_fields_are_kept_with_their_couplings(tmp_path: Path) -> None:
    few = {"training": {**BASE["training"], "iterations": 1}, "baseline": {"depth": 2, "updates": 1}}
    run(tmp_path / "run", fields={**BASE["fields"], "betas": [0.5, 4.0, 32.0]}, **few)
    kept = read(tmp_path / "run" / "chain.h5")
    betas = np.array(kept.metadata["attributes"]["betas"])
    chain, step = np.array(kept.metadata["chain"]), np.array(kept.metadata["step"])
    assert betas.tolist() == 3 * [0.5, 4, 32]
    assert np.bincount(chain).tolist() == 3 * [6] + 3 * [2] + 3 * [4]
    assert np.bincount(step).tolist() == [18, 18]
    means = [plaquette(kept.links[betas[chain] == beta]).mean() for beta in (0.5, 4.0, 32.0)]
    assert means[0] < 0.4 < means[1] < 0.8 < means[2]


def test_numbers_can_be_measured_anew(finished: Path) -> None:
    report = json.loads((finished / "report.json").read_text())
    before = {path.name: path.read_bytes() for path in finished.iterdir()}
    fresh = [runs.fresh_report(Regression, finished, seed, quiet=True) for seed in (0, 1, BASE["seed"])]
    assert {path.name: path.read_bytes() for path in finished.iterdir()} == before
    assert len({found["variance"]["4x4"] for found in [report, *fresh]}) == 4  # other fields each time
    assert all(max(found["mse_worst"].values()) < 1e-25 for found in fresh)
    assert fresh[0]["fresh"]


IN_STAGES = {
    "target": {"name": "loop", "path": "2x2"},
    "fields": {"betas": [1.0, 4.0], "configurations": {"train": 2, "validation": 1, "test": 2}, "sweeps": 1},
    "network": {
        "layers": [
            {"name": "convolution-bilinear", "channels": 1, "paths": ["+t"]},
            {"name": "convolution-bilinear", "channels": 1, "paths": ["+x"]},
        ]
    },
    "training": {
        "curriculum": [{"layers": 1, "loops": ["1x2"]}],
        "initial": 0.3,
        "iterations": 8,
        "attempts": 1,
        "tolerance": 1e-40,
    },
    "baseline": {"depth": 2, "updates": 30},
    "test_shapes": [[4, 4]],
}
"""Two stages of 8 steps at most, and three steps of the baseline, for each of two networks."""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("whole") / "run"
    run(path, **IN_STAGES)
    return path


@pytest.mark.parametrize("stop", [3, 11, 17, 23, 38])
def test_a_run_goes_on_where_it_stopped(tmp_path: Path, whole: Path, stop: int) -> None:
    """In the first stage and the second, in the baseline, in the second network, between two tests."""
    with crash(Regression, stop, done=True):
        run(tmp_path / "run", **IN_STAGES, checkpoint_every={"steps": 4})
    runs.resume(Regression, tmp_path / "run", quiet=True)
    states = [load_checkpoint(path / "checkpoint.pt", "regression")[1]["task"] for path in (whole, tmp_path / "run")]
    for key in ("networks", "baselines"):
        assert len(states[0][key]) == 2
        assert all(map(torch.equal, states[0][key], states[1][key]))
    assert states[0]["outcomes"] == states[1]["outcomes"]
    assert min(outcome["validation"] for outcome in states[0]["outcomes"]) < torch.inf  # the last stage was reached
    tables = [runs.Metrics.load(path / "metrics.h5").columns("measurements") for path in (whole, tmp_path / "run")]
    for name, column in tables[0].items():
        np.testing.assert_array_equal(column, tables[1][name])
    assert torch.equal(*(read(path / "chain.h5").links for path in (whole, tmp_path / "run")))


def test_a_network_that_fails_is_said_to_fail(tmp_path: Path) -> None:
    """One layer cannot see the 2x2 loop: every attempt is made, and all seeds are counted as failed."""
    few = {**BASE["training"], "iterations": 6}
    report = run(tmp_path / "run", target={"name": "loop", "path": "2x2"}, training=few)
    assert report["seeds_failed"] == 2
    assert [network["attempts"] for network in report["networks"]] == [2, 2]
    started = task()
    started.begin()
    with pytest.raises(UserError, match="expected tested networks"):
        started.report(runs.Metrics())


IN_BATCHES = {
    "target": {"name": "loop", "path": "1x1"},
    "fields": {"betas": [1.0, 4.0], "configurations": {"train": 8, "validation": 2, "test": 2}, "sweeps": 2},
    "training": {"adamw": {"updates": 295, "batch": 4, "learning_rate": 0.05}},
    "baseline": {"depth": 2, "updates": 20, "batch": 4, "plaquettes": True},
    "test_shapes": [[4, 4]],
    "seeds": 1,
}


def test_descent_in_batches_learns_the_plaquette_and_goes_on_where_it_stopped(tmp_path: Path) -> None:
    report = run(tmp_path / "whole", **IN_BATCHES)
    assert report["mse"]["4x4"] < 0.01 * report["variance"]["4x4"]
    assert (report["networks"][0]["attempts"], report["networks"][0]["steps"]) == (1, 295)
    with crash(Regression, 6, done=True):
        run(tmp_path / "run", **IN_BATCHES, checkpoint_every={"steps": 4})
    runs.resume(Regression, tmp_path / "run", quiet=True)
    states = [load_checkpoint(tmp_path / name / "checkpoint.pt", "regression")[1]["task"] for name in ("whole", "run")]
    for key in ("networks", "baselines"):
        assert torch.equal(states[0][key][0], states[1][key][0])


def test_a_baseline_that_sees_plaquettes_has_them_as_channels(generator: torch.Generator) -> None:
    links = hot_start("su2", (3, 4), generator, 2)
    seeing = LinkCNN(GaugeTheory("su2", 2), 2, 1, plaquettes=True, generator=generator)
    entries = 2 * 3 * 2**2  # real and imaginary parts of two links and a plaquette
    assert seeing.layers[0].weight.shape == (1, 5 * entries)
    with torch.no_grad():  # half the trace: the real parts of both diagonal entries of the last channel at the site
        seeing.layers[0].weight.zero_()
        seeing.layers[0].weight[0, [entries - 8, entries - 2]] = 0.5
    torch.testing.assert_close(seeing(links)[:, 0].mean((1, 2)), plaquette(links))


@pytest.mark.parametrize("errors", [[2e-8], [1e-20, np.nan], [np.nan, 1e-20], [1e-20, 2e-8]])
def test_an_error_that_is_no_number_is_a_failure(errors: list[float]) -> None:
    assert misses(1e-8, errors)
    assert not misses(1e-8, [1e-20, 1e-8])


def test_what_is_claimed_holds_and_the_baseline_would_not(generator: torch.Generator) -> None:
    started = task()
    started.begin()
    assert all(claim.verify(trials=4).holds for claim in started.claims())
    baseline = LinkCNN(GaugeTheory("su2", 2), 2, 2, generator=generator)
    x = Links(hot_start("su2", (3, 3), generator, 1))

    def mean(links: Tensor) -> Tensor:
        return baseline(links).flatten(1).mean(1)

    assert check(mean, x, "translations", out=Scalars, trials=4).holds
    assert not check(mean, x, "gauge", out=Scalars, trials=4).holds


def test_the_fields_of_each_purpose_are_others() -> None:
    """Those that a network is fitted to, those that decide about it, and those of the second network."""
    started = task(fields={**BASE["fields"], "configurations": {"train": 1, "validation": 1, "test": 1}})
    started.begin()
    fits = [started._fits(number, runs.Record())[0] for number in (0, 1)]
    angles = torch.cat([links.flatten() for fit in fits for links, _ in (fit.train, fit.validation)])
    traces = torch.view_as_real(angles)[:, 0].view(-1, 2, 2)[:, 0, 0]
    assert len(traces.unique()) == len(traces)


def test_a_baseline_keeps_its_best_parameters() -> None:
    """Those with the least error on the validation set, though the last step ends elsewhere."""
    started = task()
    started.begin()
    fit = started._fits(0, runs.Record())[1]
    fit.step()
    best, error = fit.best.clone(), fit.error
    assert not torch.equal(best, gather(started._baseline(0)))
    with torch.no_grad():
        for parameter in fit.network.parameters():
            parameter += 1.0
    fit.step()
    assert fit.error == error
    assert torch.equal(gather(fit.trained()), best)


FAR = {"name": "convolution", "channels": 1, "paths": ["+t +t"]}
WRONG = {
    "trainings": ({"trainings": 1}, "did you mean 'training'"),
    "target": ({"target": {"name": "loop", "path": "+x +t"}}, "expected a closed path"),
    "optimisers": (
        {"training": {"adamw": {"updates": 10}, "attempts": 2, "tolerance": 1e-3}},
        "expected adamw and initial alone, came also attempts, tolerance",
    ),
    "axis": ({"target": {"name": "loop", "path": "+z +t -z -t"}}, "direction 'z' does not exist"),
    "charge": ({"target": {"name": "charge_plaquette"}}, "expected a shape of 4 extents"),
    "shapes": ({"test_shapes": [[4, 4, 4]]}, "expected 2 extents each"),
    "reach": (
        {"test_shapes": [[4, 4], [4, 1]], "network": {"layers": [FAR]}},
        "expected a lattice of at least 2 sites",
    ),
    "stage": (
        {"training": {"curriculum": [{"layers": 2, "loops": ["1x1"]}]}},
        r"training\.curriculum: expected at most 1 layers, came 2",
    ),
    "loop of a stage": (
        {"training": {"curriculum": [{"layers": 1, "loops": ["+x +x"]}]}},
        "expected a closed path",
    ),
    "layer": ({"network": {"layers": [{"name": "convolutional", "channels": 1}]}}, "did you mean 'convolution'"),
    "paths": (
        {"network": {"layers": [{"name": "convolution", "channels": 1, "paths": ["+x", "+x"]}]}},
        "expected at least one and each once",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_mistakes_are_named(case: str) -> None:
    changes, message = WRONG[case]
    with pytest.raises(UserError, match=message):
        task(**changes)


def test_a_loss_that_is_not_a_number_stops_the_run(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"training: expected a finite loss, got .* a smaller one may help"):
        run(tmp_path / "run", baseline={"depth": 2, "updates": 60, "learning_rate": 1e200})
    started = task()
    started.begin()
    started.step(0, runs.Record())
    assert started.fits is not None
    started.fits[0].fit = Fit(torch.full_like(started.fits[0].fit.x, torch.nan))
    with pytest.raises(UserError, match="training: expected a finite loss, got nan in step 2 of stage 1 in attempt 1"):
        started.step(1, runs.Record())


def test_single_precision_goes_through_fields_networks_and_files(tmp_path: Path) -> None:
    """The error of a network that is trained on its target ends at float32's rounding, not at float64's."""
    report = run(
        tmp_path / "run", dtype="float32", seeds=1, training={"adamw": {"updates": 300, "learning_rate": 0.03}}
    )
    assert read(tmp_path / "run" / "chain.h5").links.dtype == torch.complex64
    trained = runs.Run.restore(task_at(tmp_path / "run"), runs.RunDirectory(tmp_path / "run"), recorded=False).task
    assert gather(trained.networks[0]).dtype == gather(trained.baselines[0]).dtype == torch.float32
    assert 1e-18 < report["mse"]["4x4"] < 1e-6


def test_a_damaged_checkpoint_is_named(tmp_path: Path, finished: Path) -> None:
    shutil.copytree(finished, tmp_path / "run")
    path = tmp_path / "run" / "checkpoint.pt"
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(UserError, match=r"checkpoint\.pt: expected a checkpoint, came a damaged or foreign file"):
        runs.fresh_report(Regression, tmp_path / "run", 0, quiet=True)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_shipped_networks_reach_their_bars(path: Path) -> None:
    """On new fields, the roughest and the smoothest, on the lattice of the training and on a larger one."""
    assert (path / "checkpoint.pt").stat().st_size < 2_000_000
    shipped = runs.Run.restore(task_at(path), runs.RunDirectory(path), recorded=False).task
    config, generator = shipped.config, torch.Generator().manual_seed(7)
    ends = config.fields.model_copy(update={"betas": [config.fields.betas[0], config.fields.betas[-1]], "sweeps": 10})
    for shape in (config.shape, [extent + 1 for extent in config.shape]):
        links = ends.draw(config.group, shape, 1, generator, torch.float64)
        truth = config.target.density(links).flatten(1).mean(1)
        for network in shipped.networks:
            with torch.no_grad():
                error = network(links).flatten(1).mean(1) - truth
            assert float(error.square().mean()) <= config.bar
    report = json.loads((path / "report.json").read_text())
    assert report["seeds_failed"] == 0
    assert max(report["mse"].values()) <= report["bar"]


def task_at(path: Path) -> Regression:
    return Regression(runs.validate(Regression.schema, runs.Source.read(path / "config.yaml")))


def test_all_trained_networks_are_shipped() -> None:
    assert [path.name.removeprefix("lcnn_") for path in SHIPPED] == sorted(
        path.stem for path in (ROOT / "configs" / "regression").glob("*.yaml") if "literature" not in path.stem
    )
