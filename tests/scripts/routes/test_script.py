"""`scripts/routes.py` goes on where it was stopped; its committed numbers reach the bars that the page states."""

import json
import statistics
from pathlib import Path
from types import ModuleType

import pytest

from tests.places import ROOT


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    import routes

    return routes


@pytest.fixture
def tables(script: ModuleType) -> ModuleType:
    import result_tables.routes

    return result_tables.routes


def test_a_part_that_stands_in_the_file_is_not_computed_again(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from equivariance_routes import Section

    done = []

    def part(name: str) -> dict[str, str]:
        if name == "second" and "second" not in done:
            done.append(name)
            raise KeyboardInterrupt
        done.append(name)
        return {"value": name}

    parts = {name: lambda name=name: part(name) for name in ("first", "second")}
    monkeypatch.setattr(script, "FILE", tmp_path / "routes.json")
    monkeypatch.setattr(script, "SECTIONS", {"one": Section("one", lambda: parts)})
    with pytest.raises(KeyboardInterrupt):
        script.compute("", fresh=False)
    script.compute("", fresh=False)
    script.compute("other", fresh=True)
    assert done == ["first", "second", "second"]
    found = json.loads((tmp_path / "routes.json").read_text())["sections"]["one"]
    assert [found[name]["value"] for name in parts] == ["first", "second"]


def test_exact_routes_give_the_order_and_ensembles_beat_augmentation(tables: ModuleType) -> None:
    for part in tables.section("orbit").values():
        rows = {row["method"]: row for row in part["rows"]}
        for method in ("equivariant", "canonical"):
            assert {value for same in rows[method]["same"].values() for value in same} == {part["order"]}
        many, one = (tables.outside(rows[name], part["outside"]) for name in (tables.ENSEMBLE, tables.ALONE))
        value, error = tables.over_seeds([a - b for a, b in zip(many, one, strict=True)])
        assert value > 2 * error > 0


def test_equivariance_emerges_as_the_theory_says(tables: ModuleType) -> None:
    for row in tables.section("emergent")["full augmentation"]["rows"]:
        assert row["slope"][0] == pytest.approx(-0.5, abs=0.1)
        assert row["slope"][1] < 0.05
    for part in tables.section("infinite-width").values():
        assert max(row["augmented"] for row in part["rows"]) < 1e-7
        assert min(row["plain"] for row in part["rows"]) > 0.1
        assert len({row["time"] for row in part["rows"]}) == 3


def test_the_tree_gauge_learns_what_a_plain_network_does_not(tables: ModuleType) -> None:
    for part in tables.section("gauge").values():
        rows = {row["route"]: row for row in part["rows"]}
        assert rows[tables.TREE]["held"]
        assert not rows["plain"]["held"]
        assert rows[tables.TREE]["mean"]["8"][0] < 0.3
        assert rows["plain"]["mean"]["8"][0] > 0.9


def test_symmetry_of_space_helps_five_charges(tables: ModuleType) -> None:
    error = {name: part["mse"] for name, part in tables.section("bodies").items()}
    assert error["message passing, E(3)"] < error["message passing"] < error["linear"]


def test_every_row_of_the_learning_curves_has_its_slope(tables: ModuleType) -> None:
    for part in tables.section("learning").values():
        assert len(part["mse"]) == len(part["sizes"]) == 4
        assert statistics.mean(error for _, error in part["mse"]) > 0


def test_the_page_of_results_is_that_of_the_numbers(script: ModuleType) -> None:
    assert (script.RESULTS / "routes.md").read_text(encoding="utf-8") == script.page()
