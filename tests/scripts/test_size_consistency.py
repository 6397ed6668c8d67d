"""The script on two distant atoms: what it takes from what, and what it runs."""

import runpy
from pathlib import Path
from typing import Any

import pytest

from gaugeflow import runs
from gaugeflow.tasks import VMC
from tests.places import ROOT

ENERGIES = {("He",): (-2.9, 0.003), ("Li",): (-7.5, 0.003), ("H",): (-0.5, 0.004), ("He", "He"): (-5.7, 0.008)}
ENERGIES[("Li", "H")] = (-8.0, 0.012)


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    return runpy.run_path(str(ROOT / "scripts" / "size_consistency.py"))


@pytest.mark.parametrize(
    ("atoms", "difference", "error"), [(("Li", "H"), 0.0, 0.013), (("He", "He"), 0.1, 0.01)], ids=["unlike", "alike"]
)
def test_the_parts_are_taken_from_the_pair(
    script: dict[str, Any], monkeypatch: pytest.MonkeyPatch, atoms: tuple[str, str], difference: float, error: float
) -> None:
    """An atom that comes twice has one error, twice; different atoms have independent ones."""
    row = script["pair_row"]
    monkeypatch.setitem(row.__globals__, "energy", ENERGIES.__getitem__)
    found = row(*atoms)
    assert found["difference"] == pytest.approx(difference, abs=1e-12)
    assert found["difference_error"] == pytest.approx(error)


def test_every_pair_is_a_configuration(script: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    started: list[Any] = []

    def start(task: type[VMC], source: runs.Source, folder: Any) -> dict[str, float]:
        started.append(task.of(source).config.system.build().centres)
        return {"energy": 0.0, "energy_error": 0.0}

    monkeypatch.setattr(runs, "start", start)
    monkeypatch.setitem(script["energy"].__globals__, "ROOT", tmp_path)
    for atoms in script["PAIRS"].values():
        script["pair_row"](*atoms)
    apart = [float((places[1] - places[0]).norm()) for places in started if len(places) == 2]
    assert apart == [script["APART"]] * len(script["PAIRS"])
