"""What a report of the task `chain` leads with: that nothing moves, that chains disagree, that a value is far off."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from gaugeflow import runs
from gaugeflow.errors import UserError
from gaugeflow.groups import get_group
from gaugeflow.lattice import charge_geometric, cold_start, hot_start
from gaugeflow.lattice.exact import Exact2D
from gaugeflow.montecarlo.errors import estimate
from gaugeflow.tasks import Chain
from gaugeflow.tasks.estimates import row

BASE: dict[str, Any] = {
    "task": "chain",
    "seed": 3,
    "group": "u1",
    "shape": [8, 8],
    "action": {"name": "wilson", "beta": 12.0},
    "sampler": {"name": "heatbath"},
    "chains": 2,
    "warmup": 5,
    "measurements": 20,
    "observables": ["plaquette", {"name": "charge", "definition": "geometric"}],
}


def run(path: Path, **changes: Any) -> dict[str, Any]:
    return runs.start(Chain, runs.Source(json.dumps({**BASE, **changes}), "t.yaml"), path, quiet=True)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_geometric_charge_is_the_integer_that_it_is(dtype: torch.dtype) -> None:
    links = hot_start(get_group("u1"), (16, 16), torch.Generator().manual_seed(1), 64, dtype)
    found = charge_geometric(links)
    assert torch.equal(found, found.round())
    assert found.dtype == dtype
    assert found.unique().numel() > 5
    assert not charge_geometric(cold_start(get_group("u1"), (16, 16), 1, dtype)).any()


def test_a_frozen_charge_leads_the_report(tmp_path: Path) -> None:
    found = run(tmp_path / "run")
    assert found["warnings"]["charge_squared"] == "all samples are equal"
    assert found["observables"]["charge_squared"]["deviation"] is None
    text = (tmp_path / "run" / "report.md").read_text()
    assert text.index("charge_squared: all samples are equal") < text.index("| plaquette")


@pytest.mark.parametrize("size", [1e-31, 1.0, 1e12])
def test_a_series_that_moves_by_rounding_alone_does_not_move(size: float) -> None:
    noise = np.random.default_rng(1).normal(size=(2, 40))
    still = estimate(size * (1 + 1e-16 * noise))
    assert (still.error, still.warning) == (0.0, "all samples are equal")
    assert estimate(size * (1 + 1e-9 * noise)).error > 0
    assert estimate(size * noise).error > 0


@pytest.mark.parametrize(
    ("off", "warned"), [(2.9, ""), (3.1, "+3.1 errors from the exact value"), (-4.0, "-4.0 errors")]
)
def test_a_value_far_from_exact_is_flagged(off: float, warned: str) -> None:
    found = estimate(np.random.default_rng(2).normal(size=(2, 400)))
    entry = row(found, found.value - off * found.error)
    assert entry["deviation"] == pytest.approx(off)
    assert entry["warning"].startswith(warned) if warned else entry["warning"] == ""


def test_chains_that_disagree_lead_the_report(tmp_path: Path) -> None:
    """Cold starts at a coupling where the loop around the lattice hardly turns."""
    action = {"name": "wilson", "beta": 1e5}
    found = run(tmp_path / "run", group="su2", action=action, observables=["plaquette", "polyakov"])
    assert "R-hat" in found["warnings"]["polyakov_re"]
    assert "errors from the exact value" in found["warnings"]["polyakov_re"]
    assert (tmp_path / "run" / "report.md").read_text().index("R-hat") < 300


@pytest.mark.parametrize("group", ["u1", "su2", "su3"])
@pytest.mark.parametrize("beta", [0.0, -2.0, 1e5])
def test_extreme_couplings_are_compared(tmp_path: Path, group: str, beta: float) -> None:
    found = run(tmp_path / "run", group=group, action={"name": "wilson", "beta": beta}, observables=["plaquette"])
    exact = found["observables"]["plaquette"]["exact"]
    assert exact == pytest.approx(float(Exact2D(group, (8, 8), beta).plaquette), abs=1e-15)


@pytest.mark.parametrize(
    ("group", "beta", "name", "reason"),
    [
        ("su3", -1e5, "every quantity", "the terms cancel"),
        ("su2", 0.0, "creutz_ratio_2x2", "needs loops above 0"),
        ("u1", -3000.0, "charge_squared", "expected beta above -2000"),
    ],
)
def test_a_comparison_that_cannot_be_made_is_a_dash_with_its_reason(
    tmp_path: Path, group: str, beta: float, name: str, reason: str
) -> None:
    observables: list[Any] = ["plaquette", {"name": "wilson_loops", "r": 2, "t": 2}]
    if group == "u1":
        observables.append({"name": "charge", "definition": "geometric"})
    found = run(tmp_path / "run", group=group, action={"name": "wilson", "beta": beta}, observables=observables)
    assert reason in found["without_exact"][name]
    text = (tmp_path / "run" / "report.md").read_text()
    assert f"- {name}: " in text
    assert reason in text
    assert found["observables"]["plaquette"]["value"] is not None
    assert (found["observables"]["plaquette"]["exact"] is None) is (name == "every quantity")


def test_a_sum_that_does_not_converge_costs_no_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from mpmath import mp

    def endless(*arguments: Any) -> None:
        raise mp.NoConvergence("no convergence")

    monkeypatch.setattr(Exact2D, "wilson_loop", endless)
    found = run(tmp_path / "run", observables=["plaquette"])
    assert found["without_exact"] == {"every quantity": "no convergence"}


def test_open_ends_of_time_are_said_and_take_no_geometric_charge(tmp_path: Path) -> None:
    """Every plaquette of an open lattice is independent: I1/I0, but for those across the ends, which are 0."""
    action = {"name": "wilson", "beta": 2.0, "boundary": "open"}
    found = run(tmp_path / "run", action=action, observables=["plaquette"], shape=[4, 4], chains=50, warmup=20)
    assert "no integer" in found["warnings"]["boundary"]
    assert "boundary open" in (tmp_path / "run" / "report.md").read_text().splitlines()[0]
    row = found["observables"]["plaquette"]
    assert abs(row["value"] - 0.75 * 0.697774657964008) < 4 * row["error"]
    assert row["exact"] is None
    assert "periodic" in found["without_exact"]["every quantity"]
    with pytest.raises(UserError, match="no integer on one with open"):
        run(tmp_path / "charge", action=action)
