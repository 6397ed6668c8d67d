"""The harness on its own models: what holds is said to hold, every breaker is caught, the table is current."""

import json
import runpy

import pytest

from gaugeflow.symmetry.breakers import BREAKERS
from gaugeflow.symmetry.examples import CASES
from tests.places import ROOT
from tests.registry.registry import REGISTRY

pytestmark = pytest.mark.slow

RESULTS = ROOT / "scripts" / "results"
POWER = runpy.run_path(str(ROOT / "scripts" / "symmetry_power.py"))

UNGRADED = {name for name, breaker in BREAKERS.items() if not breaker.graded}


@pytest.fixture(scope="module")
def committed():
    return json.loads((RESULTS / "symmetry_power.json").read_text())


def test_there_are_enough_breakers_each_is_of_use_and_none_is_missed(committed):
    assert len(BREAKERS) >= 25
    assert {row["breaker"] for row in committed["rows"]} == set(BREAKERS)
    assert {row["family"] for row in committed["rows"]} == set(CASES)
    assert [row for row in committed["rows"] if row["missed"]] == []


@pytest.mark.parametrize("family", CASES)
def test_every_breaker_is_caught_at_a_millionth_of_its_strength(family, committed):
    """A third of the breakers on each family, another third on the next one; the table has all of them."""
    breakers = list(BREAKERS)[list(CASES).index(family) % 3 :: 3]
    rows = POWER["kill_rows"](family, seeds=[1], dtypes=["double"], strengths=[1e-6], breakers=breakers)
    assert [row["breaker"] for row in rows if row["missed"]] == []
    tabled = [row for row in committed["rows"] if (row["family"], row["dtype"]) == (family, "double")]
    tabled = [row for row in tabled if row["breaker"] in breakers]
    graded = [row for row in tabled if row["strength"] != 1.0 or row["breaker"] in UNGRADED]
    found = {(row["breaker"], row["strength"]) for row in rows}
    assert found <= {(row["breaker"], row["strength"]) for row in graded}
    assert all((row["breaker"], row["strength"]) in found for row in graded if row["tried"] == committed["seeds"])


def test_the_committed_summary_belongs_to_the_committed_table(committed):
    assert (RESULTS / "symmetry_power.md").read_text() == POWER["markdown"](committed)


@pytest.mark.parametrize("family", CASES)
def test_what_holds_is_said_to_hold(family):
    assert CASES[family].build(5000).verify(seed=5000, trials=8, samples=5000).holds


def test_ten_thousand_checks_of_what_holds_raised_no_alarm():
    result = json.loads((RESULTS / "symmetry_registry.json").read_text())
    assert (result["checks"], result["alarms"]) == (sum(row["checks"] for row in result["rows"]), 0)
    assert result["checks"] >= 10_000
    assert {f"reference model: {name}" for name in CASES} | {*REGISTRY} == {row["line"] for row in result["rows"]}
    kinds = {kind for row in result["rows"] for kind in row["dtypes"].split("/")}
    assert kinds >= {"float32", "float64", "complex64", "complex128"}
