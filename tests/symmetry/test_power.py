"""The harness on its own models: what holds is said to hold, every breaker is caught, the table is current."""

import json
import runpy
import subprocess
import sys

import pytest

from gaugeflow.symmetry.breakers import BREAKERS
from gaugeflow.symmetry.examples import CASES
from tests.places import ROOT

RESULTS = ROOT / "scripts" / "results"
POWER = runpy.run_path(str(ROOT / "scripts" / "symmetry_power.py"))


@pytest.fixture(scope="module")
def committed():
    return json.loads((RESULTS / "symmetry_power.json").read_text())


def test_there_are_enough_breakers_and_each_is_of_use(committed):
    assert len(BREAKERS) >= 25
    assert {row["breaker"] for row in committed if row["outcome"] == "caught"} == set(BREAKERS)


@pytest.mark.parametrize("family", CASES)
def test_every_breaker_is_caught_as_the_committed_table_says(family, committed):
    rows = POWER["kill_rows"](family)
    assert [row["breaker"] for row in rows if row["outcome"] == "missed"] == []
    assert sum(row["outcome"] == "caught" for row in rows) >= 2
    assert rows == [row for row in committed if row["family"] == family]


def test_the_committed_summary_belongs_to_the_committed_table(committed):
    assert (RESULTS / "symmetry_power.md").read_text() == POWER["markdown"](committed)


@pytest.mark.parametrize("family", CASES)
def test_what_holds_is_said_to_hold_seed_after_seed(family):
    assert POWER["held_broken"](family, range(5000, 5003)) == []


def test_a_thousand_repetitions_of_each_family_were_held():
    rows = {row["family"]: row for row in json.loads((RESULTS / "symmetry_repetitions.json").read_text())}
    assert set(rows) == set(CASES)
    assert all(row["repetitions"] >= 1000 and row["not_held"] == [] for row in rows.values())


SPEED = """
import torch
torch.set_num_threads(1)
from gaugeflow.symmetry import Links, SiteMatrices, check
from gaugeflow.symmetry.examples.gauge_networks import CovariantNetwork
from gaugeflow.symmetry.actions.haar import haar
for d, extent in ((4, 4), (2, 8)):
    u = haar((1, d, *[extent] * d), 3, torch.Generator().manual_seed(0))
    report = check(CovariantNetwork(d, layers=4), Links(u), "gauge * translations", out=SiteMatrices)
    assert report.holds
    print(report.seconds)
"""


def test_the_full_check_of_a_four_layer_network_is_quick():
    done = subprocess.run([sys.executable, "-c", SPEED], capture_output=True, text=True, check=True, timeout=300)
    four, two = (float(line) for line in done.stdout.split())
    assert four < 20
    assert two < 2
