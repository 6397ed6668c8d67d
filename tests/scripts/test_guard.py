"""`scripts/guard.py`: every shipped run was evaluated anew and has the numbers that it reports; here a sample again."""

import json
from types import ModuleType
from typing import Any

import pytest

from tests.places import ROOT, TRAINED

pytestmark = pytest.mark.slow

WAVEFUNCTIONS = sorted(
    path.name for path in TRAINED.iterdir() if json.loads((path / "report.json").read_text())["task"] == "vmc"
)
FLOWS = ["su2_2d_8_coupling", "su2_2d_16_beta2p7_refinement", "u1_2d_8_coupling", "u1_2d_16_beta3_refinement"]


@pytest.fixture
def guard(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    import guard

    return guard


def test_every_shipped_run_was_evaluated_and_is_within_its_errors(guard: ModuleType) -> None:
    """The rows that are committed, against the reports as they stand now."""
    rows, trained = json.loads(guard.RESULT.read_text())["rows"], guard.trained()
    assert rows.keys() == trained.keys()
    found = {name: list(guard.compared(row, guard.report_of(trained[name]))) for name, row in rows.items()}
    assert all(found.values())
    assert {name: c for name, cs in found.items() for c in cs if not c.holds} == {}


@pytest.mark.parametrize("name", [*WAVEFUNCTIONS, *FLOWS])
def test_a_sample_again(guard: ModuleType, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Every wavefunction and a flow of each cheap kind, with other random numbers and fewer of them."""
    monkeypatch.setattr(guard, "WALKERS", 24)
    monkeypatch.setitem(guard.FEW, "vmc", ["evaluation=8", "equilibration=15"])
    report = guard.evaluated(TRAINED / name, seed=5)
    found = list(guard.compared(report, guard.report_of(TRAINED / name)))
    assert found
    assert all(comparison.holds for comparison in found), found
    if report.get("configurations"):
        assert report["evaluated_on"].startswith("over all")
    elif name in WAVEFUNCTIONS:
        assert (report["walkers"], report["evaluation"]) == (24, 8)
        assert report["evaluated_on"].startswith("new walkers, after 15 updates")
    else:
        assert report["samples"] == 100


@pytest.mark.parametrize(("shift", "holds"), [(3e-9, True), (-3e-9, True), (6e-9, False)])
def test_sums_over_all_configurations_are_the_same_to_rounding(guard: ModuleType, shift: float, holds: bool) -> None:
    """4.5 times a part in 10^9."""
    report: dict[str, Any] = {"task": "vmc", "energy": -1.0, "energy_error": 0.0}
    (found,) = guard.compared({**report, "energy": -1.0 + shift}, report)
    assert found.holds is holds


@pytest.mark.parametrize(("shift", "holds"), [(0.03, True), (0.07, False), (-0.07, False), (float("nan"), False)])
def test_it_sees_what_is_off(guard: ModuleType, shift: float, holds: bool) -> None:
    """4.5 errors of both numbers together: 0.0632 for 0.01 and 0.01."""
    report: dict[str, Any] = {"task": "vmc", "energy": 1.0, "energy_error": 0.01}
    (found,) = guard.compared({**report, "energy": 1.0 + shift}, report)
    assert found.holds is holds
    flow: dict[str, Any] = {"task": "flow", "samples": 100, "ess": 0.5, "ess_error": 0.01}
    flow["reweighted"] = {"plaquette": {"value": 0.4, "error": 0.01}}
    off = {**flow, "reweighted": {"plaquette": {"value": 0.4 + shift, "error": 0.01}}}
    assert [found.holds for found in guard.compared(off, flow)] == [True, holds]


def test_the_error_of_few_weights_is_that_of_many_scaled(guard: ModuleType) -> None:
    """0.001 of 10000 samples is 0.01 of 100, whatever these say themselves: 4.5 times 0.01005."""
    report: dict[str, Any] = {"task": "flow", "samples": 10000, "ess": 0.9, "ess_error": 0.001, "reweighted": {}}
    for shift, holds in ((0.044, True), (0.046, False), (-0.046, False)):
        few = {**report, "samples": 100, "ess": 0.9 + shift, "ess_error": 0.0001}
        (found,) = guard.compared(few, report)
        assert found.holds is holds


@pytest.mark.parametrize(("error", "holds"), [(1e-9, True), (2e-8, False), (float("nan"), False)])
def test_it_sees_a_network_above_its_bar(guard: ModuleType, error: float, holds: bool) -> None:
    report = {"task": "regression", "mse_worst": {"4x4": error}}
    (found,) = guard.compared(report, {"bar": 1e-8, "mse_worst": {"4x4": 1e-10}})
    assert found.holds is holds
    (found,) = guard.compared(report, {"bar": 1e-8, "mse_worst": {"4x4": 1e-8}})
    assert found.holds is (error < 4.5e-8)
