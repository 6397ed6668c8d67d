"""The task `chain`: its numbers are those of the fields, and they are right where theory knows them."""

import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch

from gaugeflow import runs
from gaugeflow.errors import UserError
from gaugeflow.groups import get_group
from gaugeflow.io import read, write
from gaugeflow.lattice import observables
from gaugeflow.lattice.fields import hot_start
from gaugeflow.tasks import Chain
from gaugeflow.tasks.scales import flow_scales
from tests.tasks.crashes import crash

BASE: dict[str, Any] = {
    "task": "chain",
    "seed": 20261120,
    "group": "su2",
    "shape": [4, 4],
    "action": {"name": "wilson", "beta": 2.0},
    "sampler": {"name": "heatbath", "overrelaxation": 1},
    "chains": 40,
    "start": "hot",
    "warmup": 20,
    "measurements": 50,
    "observables": ["plaquette"],
}


def run(path: Path, **changes: Any) -> dict[str, Any]:
    source = runs.Source(json.dumps({**BASE, **changes}), "test.yaml")
    return runs.start(Chain, source, path, quiet=True)


def deviations(report: dict[str, Any]) -> dict[str, float]:
    return {name: row["deviation"] for name, row in report["observables"].items() if row["deviation"] is not None}


HMC = {"name": "hmc", "length": 1.0, "step_size": 0.3, "target_acceptance": 0.85}
LOOPS = ["plaquette", {"name": "wilson_loops", "r": 2, "t": 2}, "polyakov"]
AGAINST_EXACT = {
    "u1 heatbath": {
        "group": "u1",
        "observables": [*LOOPS, {"name": "charge", "definition": "geometric"}],
        "interval": 3,
    },
    "su2 hmc": {"sampler": HMC, "warmup": 50, "observables": LOOPS},
    "su3 heatbath": {"group": "su3", "action": {"name": "wilson", "beta": 9.0}, "observables": LOOPS},
    "su3 single precision": {
        "group": "su3",
        "action": {"name": "wilson", "beta": 9.0},
        "dtype": "float32",
        "observables": LOOPS,
    },
    "su2 on 3 x 5": {"shape": [3, 5], "observables": LOOPS},
}


@pytest.mark.parametrize("case", AGAINST_EXACT)
def test_every_quantity_agrees_with_the_closed_form(tmp_path: Path, case: str) -> None:
    report = run(tmp_path / "run", **AGAINST_EXACT[case])
    found = deviations(report)
    assert {"plaquette", "wilson_loop_1x2", "wilson_loop_2x2", "creutz_ratio_2x2"} <= found.keys()
    assert ("charge_squared" in found) == case.startswith("u1")
    assert max(map(abs, found.values())) < 4
    assert np.mean(np.square(list(found.values()))) < 4
    for row in report["observables"].values():
        assert row["count"] == report["measurements"] * 40
        assert row["error"] > 0


def test_hmc_reports_its_acceptance_and_creutz_equality(tmp_path: Path) -> None:
    report = run(tmp_path / "run", sampler=HMC, warmup=50)
    sampling = report["sampling"]
    assert sampling["acceptance"]["value"] == pytest.approx(0.85, abs=0.08)
    assert abs(sampling["exp_minus_dh"]["deviation"]) < 4
    rows = runs.Metrics.load(tmp_path / "run" / "metrics.h5").columns("updates")
    assert rows["step"].tolist() == list(range(100))
    assert sampling["acceptance"]["value"] == pytest.approx(rows["acceptance"][50:].mean())


def test_scalars(tmp_path: Path) -> None:
    """Free field: <M^2> V = 1 / (2 m^2) and <phi^2> is the sum over momenta, with this kinetic term.

    The modes have frequencies sqrt(2 (1 + k^2)) <= 4.25; with this length none comes back to where it was.
    """
    free = {"name": "phi4", "m2": 1.0, "lam": 0.0}
    changes = {"group": None, "action": free, "sampler": {**HMC, "length": 0.55}, "shape": [4, 6], "warmup": 50}
    report = run(tmp_path / "run", **changes, observables=["magnetization", "phi_squared"], chains=64, measurements=100)
    k = [2 - 2 * np.cos(2 * np.pi * np.arange(n) / n) for n in (4, 6)]
    propagator = 1 / (2 * (1.0 + k[0][:, None] + k[1]))
    for name, exact in (("susceptibility", 0.5), ("phi_squared", propagator.mean()), ("magnetization", 0.0)):
        row = report["observables"][name]
        assert abs(row["value"] - exact) < 4 * row["error"]
        assert row["error"] < 0.05


def test_the_numbers_are_those_of_the_saved_fields(tmp_path: Path) -> None:
    run(tmp_path / "run", save_fields=True, chains=3, measurements=6, interval=2, observables=LOOPS)
    columns = runs.Metrics.load(tmp_path / "run" / "metrics.h5").columns("measurements")
    links = read(tmp_path / "run" / "chain.h5").links
    np.testing.assert_allclose(observables.plaquette(links).reshape(6, 3), columns["plaquette"], rtol=1e-13)
    loops = observables.wilson_loops(links, 2, 2).reshape(6, 3, 2, 2)
    np.testing.assert_allclose(loops, columns["wilson_loops"], rtol=1e-12, atol=1e-15)
    assert columns["step"].tolist() == [21, 23, 25, 27, 29, 31]
    with h5py.File(tmp_path / "run" / "chain.h5") as file:
        assert file.attrs["action_beta"] == 2.0
        assert file.attrs["seed"] == 20261120
        assert file["step"][:18:3].tolist() == columns["step"].tolist()


def test_four_dimensions_with_flow_and_charge(tmp_path: Path) -> None:
    report = run(
        tmp_path / "run",
        group="su3",
        shape=[4, 4, 4, 4],
        action={"name": "iwasaki", "beta": 2.6},
        chains=2,
        warmup=10,
        measurements=6,
        observables=[
            {"name": "gradient_flow", "time": 0.4, "epsilon": 0.1},
            {"name": "charge", "definition": "clover", "flow_time": 0.4},
            "plaquette_spatial",
            "plaquette_temporal",
            "energy_clover",
        ],
    )
    columns = runs.Metrics.load(tmp_path / "run" / "metrics.h5").columns("measurements")
    assert columns["gradient_flow"].shape == (6, 2, 5)
    assert (columns["gradient_flow"][:, :, 0] == 0).all()
    assert {"charge", "charge_squared", "plaquette_spatial"} <= report["observables"].keys()
    assert all(row["exact"] is None for row in report["observables"].values())


def test_flow_scales_of_a_known_curve() -> None:
    """With t^2 E = c t, t0 = 0.3 / c and w = t^2 E, so that w0^2 = t0; sigma(t0) = t0 sigma(c) / c."""
    times = np.linspace(0, 2, 41)
    slopes = 0.5 + 0.02 * np.random.default_rng(1).standard_normal((2, 4000))
    scales = flow_scales(times, slopes[..., None] * times)
    c = slopes.mean()
    assert scales["t0"].value == pytest.approx(0.3 / c, rel=1e-12)
    assert scales["w0"].value == pytest.approx((0.3 / c) ** 0.5, rel=1e-12)
    assert scales["t0"].error == pytest.approx(0.3 / c**2 * 0.02 / np.sqrt(8000), rel=0.1)
    assert scales["w0"].error == pytest.approx(scales["t0"].error / (2 * scales["w0"].value), rel=1e-6)
    assert flow_scales(times[:5], slopes[..., None] * times[:5]) == {}


def test_a_report_can_be_measured_anew(tmp_path: Path) -> None:
    report = run(tmp_path / "run", observables=LOOPS)
    fresh = runs.fresh_report(Chain, tmp_path / "run", 99, quiet=True)
    assert fresh["observables"]["plaquette"]["value"] != report["observables"]["plaquette"]["value"]
    assert fresh["observables"]["plaquette"]["count"] == report["observables"]["plaquette"]["count"]
    assert max(map(abs, deviations(fresh).values())) < 4


def test_samples_go_on_from_the_checkpoint(tmp_path: Path) -> None:
    run(tmp_path / "run", measurements=10)
    target = tmp_path / "samples.h5"
    runs.sample(Chain, tmp_path / "run", 500, 7, target, quiet=True)
    values = observables.plaquette(read(target).links)
    assert values.shape == (500,)
    assert abs(float(values.mean()) - 0.433128) < 4 * float(values.std()) / 500**0.5
    with pytest.raises(UserError, match="expected a new file"):
        runs.sample(Chain, tmp_path / "run", 5, 7, target, quiet=True)


def test_starts(tmp_path: Path, generator: torch.Generator) -> None:
    links = hot_start(get_group("su2"), (4, 4), generator, 2)
    write(tmp_path / "two.h5", links)
    write(tmp_path / "one.h5", links[:1])

    def first(start: Any, chains: int = 2) -> torch.Tensor:
        task = Chain(
            runs.validate(Chain.schema, runs.Source(json.dumps({**BASE, "start": start, "chains": chains}), "t"))
        )
        task.begin()
        return task.field

    assert torch.equal(first(str(tmp_path / "two.h5")), links)
    assert torch.equal(first(str(tmp_path / "one.h5"), 3), links[[0, 0, 0]])
    assert observables.plaquette(first("cold")).tolist() == [1, 1]
    assert torch.equal(first("hot"), first("hot"))
    with pytest.raises(UserError, match="holds 2 configurations, expected 1 or 3"):
        first(str(tmp_path / "two.h5"), 3)


def test_too_short_a_chain_says_that_it_has_no_error(tmp_path: Path) -> None:
    report = run(tmp_path / "run", measurements=2)
    row = json.loads((tmp_path / "run" / "report.json").read_text())["observables"]["plaquette"]
    assert row["error"] is None
    assert "fewer than" in row["warning"]
    assert "fewer than" in (tmp_path / "run" / "report.md").read_text()
    assert report["observables"]["plaquette"]["deviation"] is None


def test_fields_appended_after_the_last_checkpoint_are_made_again(tmp_path: Path) -> None:
    keep = {"save_fields": True, "chains": 2, "measurements": 9, "checkpoint_every": {"steps": 4}}
    run(tmp_path / "whole", **keep)
    with crash(Chain, 26, done=True):  # three measurements after the checkpoint at 24
        run(tmp_path / "crashed", **keep)
    assert len(read(tmp_path / "crashed" / "chain.h5").links) == 14
    runs.resume(Chain, tmp_path / "crashed", quiet=True)
    whole, crashed = (read(tmp_path / name / "chain.h5") for name in ("whole", "crashed"))
    assert torch.equal(whole.links, crashed.links)
    assert whole.metadata["step"] == crashed.metadata["step"]
