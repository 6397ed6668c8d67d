"""What stands in the report of a wavefunction, from rows that are known; and the rows of an evaluation."""

from typing import Any

import numpy as np
import pytest
import torch

from gaugeflow import runs
from gaugeflow.errors import UserError
from gaugeflow.montecarlo.errors import estimate
from gaugeflow.random import stream
from gaugeflow.runs.forecast import Forecast
from gaugeflow.tasks import VMC
from gaugeflow.tasks.vmc import task as vmc
from gaugeflow.tasks.vmc.proof import broken, walked, with_error, zero_variance
from gaugeflow.wavefunctions import PointGroup, Projected, ShellDensity, examine, local_energy, sector_shares
from tests.tasks.numbers import numbers
from tests.tasks.vmc.test_task import DOT, begun, failing_at, task

WALKERS, STEPS, A = 50, 600, 0.5
MOLECULE = {"name": "molecule", "unit": "bohr", "atoms": [["Li", 0, 0, 0], ["H", 0, 0, 3.0]]}


def correlated(seed: int) -> np.ndarray:
    """``(steps, walkers)`` of AR(1) chains of variance 1, whose tau_int is (1/2)(1 + a)/(1 - a)."""
    noise = np.random.default_rng(seed).normal(size=(STEPS, WALKERS))
    rows = [noise[0]]
    for step in noise[1:]:
        rows.append(A * rows[-1] + (1 - A**2) ** 0.5 * step)
    return np.stack(rows)


def test_every_number_of_the_report(tmp_path: Any) -> None:
    made, metrics = begun(examination=0), runs.Metrics()
    energies, acceptance = 3.0 + 0.1 * correlated(1), np.random.default_rng(2).random((STEPS, WALKERS))
    for step in range(STEPS):
        metrics.record("evaluation", {"step": step, "energy": energies[step], "acceptance": acceptance[step]})
    for step, walker in ((3, 1), (3, 4), (5, 1)):
        metrics.record("failures", {"step": step, "walker": walker, "coordinates": np.zeros((2, 2))})
    made.train_seconds, made.forecast, made.peak = 4.0, Forecast(12.0, 34), 56
    run = runs.Run(made, runs.RunDirectory(tmp_path), runs.Record(metrics), seconds=78.0)
    report = run.report()
    wanted, tau = estimate(energies.T), 0.5 * (1 + A) / (1 - A)
    assert wanted.tau_int == pytest.approx(tau, rel=0.2)  # without autocorrelation 1/2
    assert wanted.error == pytest.approx(0.1 * (2 * tau / (STEPS * WALKERS)) ** 0.5, rel=0.1)
    expected = {
        "energy": energies.mean(),
        "energy_error": wanted.error,
        "tau_int": wanted.tau_int,
        "r_hat": wanted.r_hat,
        "spin": 0,
        "variance": energies.var(),
        "reference": 3.0,
        "references.0.energy": 3.0,
        "deviation": (energies.mean() - 3.0) / wanted.error,
        "acceptance": acceptance.mean(),
        "walkers": WALKERS,
        "equilibration": 6,
        "evaluation": STEPS,
        "parameters": sum(p.numel() for p in made.psi.parameters()),
        "seconds_per_iteration": 4.0 / 8,
        "failures": 2,
        "predicted_seconds": 12.0,
        "predicted_bytes": 34,
        "peak_bytes": 56,
        "seconds": 78.0,
    }
    assert report.pop("system") == made.config.system.model_dump()
    assert report.pop("wavefunction") == made.config.wavefunction.model_dump()
    assert numbers(report) == pytest.approx(expected, rel=1e-12)
    assert report["evaluated_on"].startswith("new walkers, after 6 updates with frozen parameters")
    assert report["energy_text"] == wanted.format()


def evaluating(monkeypatch: pytest.MonkeyPatch, energies: torch.Tensor) -> tuple[VMC, runs.Record]:
    """A run at its first evaluation, whose local energies are these."""
    made, record = begun(warmup=1, iterations=1, equilibration=2), runs.Record()
    for index in range(4):
        made.step(index, record)
    monkeypatch.setattr(vmc, "shared_local_energy", lambda *arguments, **options: energies.clone())
    return made, record


def test_energies_of_the_evaluation_are_not_clipped(monkeypatch: pytest.MonkeyPatch) -> None:
    energies = torch.zeros(64, dtype=torch.float64)
    energies[:2] = torch.tensor([-1e3, 1e6])
    made, record = evaluating(monkeypatch, energies)
    made.step(4, record)
    assert record.metrics.column("evaluation", "energy")[0].tolist() == energies.tolist()


def test_an_energy_that_is_none_leaves_no_row_in_the_evaluation(monkeypatch: pytest.MonkeyPatch) -> None:
    energies = torch.ones(64, dtype=torch.float64)
    energies[5] = torch.nan
    made, record = evaluating(monkeypatch, energies)
    with pytest.warns(RuntimeWarning, match="the local energy is not finite at step 4, walker 5"):
        made.step(4, record)
    assert "evaluation" not in record.metrics.counts()
    assert record.metrics.column("failures", "walker").tolist() == [5]
    assert made.failures == 1


def test_the_width_of_moves_is_tuned_up_to_the_evaluation_and_stands_in_it() -> None:
    made, record, widths = begun(warmup=2, iterations=2, equilibration=2, evaluation=3), runs.Record(), []
    for index in range(made.steps):
        made.step(index, record)
        widths.append(made.sampler.width)
    assert len(set(widths)) == 6
    assert len(set(widths[5:])) == 1
    assert record.metrics.column("training", "width").tolist() == widths[2:4]


def test_the_evaluation_has_walkers_of_its_own() -> None:
    """None of the training's goes on, each new one is where a new walker begins, and the parameters stand."""
    made, record = begun(warmup=1, iterations=1, equilibration=3), runs.Record()
    made.step(0, record)
    made.step(1, record)
    trained, parameters = made.walkers, [p.detach().clone() for p in made.psi.parameters()]
    made.sampler.steps, made.sampler.width = 1, 1e-9  # moves that are seen, and lead nowhere
    made.step(2, record)
    assert not torch.isclose(made.walkers, trained).any()
    assert float(made.walkers.square().mean()) == pytest.approx(1.0, abs=4 * (2 / made.walkers.numel()) ** 0.5)
    first = made.walkers
    made.step(3, record)
    torch.testing.assert_close(made.walkers, first, rtol=0, atol=1e-6)
    made.step(4, record)
    assert all(torch.equal(a, b) for a, b in zip(parameters, made.psi.parameters(), strict=True))
    assert record.metrics.counts() == {"training": 1}


def test_without_equilibration_the_walkers_of_the_training_go_on() -> None:
    made, record = begun(warmup=1, iterations=1, equilibration=0), runs.Record()
    made.step(0, record)
    made.step(1, record)
    trained = made.walkers
    made.sampler.width = 1e-9
    made.step(2, record)
    torch.testing.assert_close(made.walkers, trained, rtol=0, atol=1e-6)
    assert "walkers of the last training step" in made.report(record.metrics)["evaluated_on"]


def test_a_fresh_report_has_new_walkers_too() -> None:
    """Also from a checkpoint of the time before equilibration, which a resumption takes as it was."""
    made = begun()
    state = made.state_dict()
    del state["equilibration"]
    old = task()
    old.load_state_dict(state)
    assert old.steps == 5 + 8 + 8
    first = old.restart_measurements(3)
    assert (first, old.steps) == (13, 13 + 6 + 8)
    before = old.walkers
    old.step(first, runs.Record())
    assert not torch.isclose(old.walkers, before).any()


def test_a_failure_puts_the_walker_where_a_good_one_is(monkeypatch: pytest.MonkeyPatch) -> None:
    made, record = begun(warmup=0), runs.Record()
    failing_at({0: 5}, monkeypatch)
    with pytest.warns(RuntimeWarning, match="walker 5"):
        made.step(0, record)
    others = torch.cat([made.walkers[:5], made.walkers[6:]])
    assert any(torch.equal(made.walkers[5], other) for other in others)


def test_rows_of_the_training_are_those_of_its_energies(monkeypatch: pytest.MonkeyPatch) -> None:
    energies = torch.linspace(2.0, 4.0, 64, dtype=torch.float64)
    made, record = begun(warmup=0), runs.Record()
    monkeypatch.setattr(vmc, "shared_local_energy", lambda *arguments, **options: energies.clone())
    made.step(0, record)
    row = {name: float(values[0]) for name, values in record.metrics.columns("training").items()}
    assert row["energy"] == pytest.approx(3.0)
    assert row["variance"] == pytest.approx(float(energies.numpy().var(ddof=1)))
    assert 0 < row["acceptance"] < 1
    assert 0 < row["change"] <= made.optimizer.norm_limit


def test_the_proof_of_an_energy(tmp_path: Any) -> None:
    """Of a network without training: its cusp and Green's theorem hold, the virial theorem need not.
    not obey the virial theorem."""
    made, metrics = begun(examination=3, walkers={"count": 400, "steps": 5}), runs.Metrics()
    for _ in range(30):
        made.walkers, _ = made.sampler.update(made.walkers, made.generator)
    energies = 3.0 + 0.1 * correlated(1)
    for step in range(STEPS):
        metrics.record("evaluation", {"step": step, "energy": energies[step], "acceptance": 0.5 + 0 * energies[step]})
    for step in range(400):  # E = 3 + 0.4 variance, which falls
        variance = np.exp(-step / 100)
        metrics.record("training", {"step": step, "energy": 3 + 0.4 * variance, "variance": variance})
    report = runs.Run(made, runs.RunDirectory(tmp_path), runs.Record(metrics), seconds=1.0).report()
    rows = {row["name"]: row for row in report["identities"]}
    wanted = examine(made.psi, made.hamiltonian, made.walkers)
    assert list(rows) == [identity.name for identity in wanted]
    assert all(set(row) == {*vars(wanted[0]), "deviation", "fails"} for row in rows.values())
    assert rows["cusp of unlike spins"]["value"] == pytest.approx(1, abs=1e-3)
    assert not rows["kinetic energy"]["fails"]
    assert rows["virial"]["fails"] is (abs(rows["virial"]["deviation"]) > 3)
    assert report["zero_variance"] == pytest.approx({"energy": 3, "error": 0, "slope": 0.4}, abs=1e-9)
    text = made.markdown(report)
    assert "Can this energy be believed?" in text
    assert "Energy at zero variance, along the training: 3" in text
    assert text.count("**fails**") == sum(row["fails"] for row in rows.values())


def test_what_fails_leads_the_report() -> None:
    right = {"name": "spin", "says": "", "value": 0.0, "error": 0.1, "expected": 0.0, "why": "", "variance": None}
    rows = [right | {"deviation": 0.0, "fails": False}, right | {"name": "parity", "deviation": 9.0, "fails": True}]
    assert broken(rows) == "off by more than three errors: parity"
    assert broken(rows[:1]) == ""
    short = runs.Metrics()
    assert zero_variance(short) is None


def test_the_parts_of_a_wavefunction_where_they_are_asked_for(tmp_path: Any) -> None:
    """Weights of a network without training add up to 1; the energy of its invariant part is that of `Projected`."""
    made, metrics = begun(examination=0, sectors={"group": "D4", "sets": 5, "energy": "A1"}), runs.Metrics()
    metrics.record("evaluation", {"step": 0, "energy": np.ones(64), "acceptance": np.ones(64)})
    report = runs.Run(made, runs.RunDirectory(tmp_path), runs.Record(metrics), seconds=1.0).report()
    sectors = report["sectors"]
    assert list(sectors["weights"]) == ["A1", "A2", "B1", "B2", "E"]
    assert sum(row["value"] for row in sectors["weights"].values()) == pytest.approx(1)
    assert all(row["error"] > 0 for row in sectors["weights"].values())
    assert (report["sector_weight"], report["sector_weight_error"]) == tuple(sectors["weights"]["A1"].values())
    exact, series = walked(made.psi, made.sampler, made.walkers, 5, stream("sectors", made.config.seed))
    group = PointGroup("D4", torch.zeros(2))
    x = series.flatten(0, 1)
    weights = sector_shares(exact, group, x)["A1"]
    energies = local_energy(Projected(exact, group, "A1"), made.hamiltonian, x)
    assert sectors["weights"]["A1"]["value"] == pytest.approx(float(weights.mean()))
    assert sectors["energy"] == pytest.approx(float((weights * energies).sum() / weights.sum()))
    assert 3 < sectors["energy"] < report["energy"] + 5
    assert sectors["energy_error"] > 0
    text = made.markdown(report)
    assert "## Parts under D4" in text
    assert "Energy of A1: " in text


@pytest.mark.parametrize("system", [DOT, MOLECULE], ids=["dot", "molecule"])
def test_the_density_where_it_is_asked_for(system: dict[str, Any], tmp_path: Any) -> None:
    """About the middle of a trap and about each nucleus: numbers of walkers that go on from those of the run."""
    made = begun(examination=0, system=system, density={"radial": 4, "degree": 1, "sets": 5})
    metrics = runs.Metrics()
    metrics.record("evaluation", {"step": 0, "energy": np.ones(64), "acceptance": np.ones(64)})
    run = runs.Run(made, runs.RunDirectory(tmp_path), runs.Record(metrics), seconds=1.0)
    found = run.report()["density"]
    assert set(found) == {"length", "radii", "harmonics", "degrees", "centres"}
    _, series = walked(made.psi, made.sampler, made.walkers, 5, stream("density", made.config.seed))
    value, error = ShellDensity(4, 1).measured(series, made.hamiltonian.centres.double())
    assert [row["value"] for row in found["centres"]] == value.tolist()
    assert [row["error"] for row in found["centres"]] == error.tolist()
    assert [row["place"] for row in found["centres"]] == made.hamiltonian.centres.tolist()
    assert [row["name"] for row in found["centres"]] == (["trap"] if system is DOT else ["Li", "H"])
    assert found["length"] == 1
    assert found["radii"] == pytest.approx([0, np.log(1.5), np.log(3)])
    assert found["harmonics"] == (["1", "cos phi", "sin phi"] if system is DOT else ["1", "x", "y", "z"])
    assert found["degrees"] == [0, *[1] * (2 if system is DOT else 3)]
    text = made.markdown(run.report())
    assert "## Density in shells" in text
    first = found["centres"][0]
    assert f" {with_error(first['value'][1][0], first['error'][1][0])} |" in text


def test_the_length_of_shells() -> None:
    wide = begun(system={**DOT, "omega": 0.25}, density={})
    assert wide.config.density.build(wide.hamiltonian).length == pytest.approx(2)
    assert task(density={"length": 0.7}).config.density.build(wide.hamiltonian).length == 0.7


@pytest.mark.parametrize(
    ("sectors", "message"),
    [
        ({"group": "S4"}, "expected C or D with a number as in D4, or Ci, came 'S4'"),
        ({"group": "C4", "energy": "A1"}, "sectors.energy: expected one of A, B, E, came 'A1'"),
    ],
)
def test_parts_that_there_are_not(sectors: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        task(sectors=sectors)
