"""The table of the algebra: every answer is the known one, now and in the committed result."""

import json
import runpy

import pytest

from tests.places import ROOT


@pytest.fixture
def script(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    return runpy.run_path(str(ROOT / "scripts" / "algebra.py"))


def test_every_answer_that_is_found_at_once_is_the_known_one(script):
    """Those that took less than a tenth of a second; the rooms test the others."""
    seconds = {row["question"]: row["seconds"] for row in json.loads(script["RESULT"].read_text())["rows"]}
    rows = [row for row in script["ROWS"] if seconds[row.question] < 0.1]
    assert len(rows) > 20
    assert [row.question for row in rows if not row.agrees(str(row.find()))] == []


def test_the_committed_table_has_every_row_and_no_other(script):
    rows = json.loads(script["RESULT"].read_text())["rows"]
    assert [(row["table"], row["question"], row["known"]) for row in rows] == [row[:3] for row in script["ROWS"]]
    assert all(row.agrees(found["found"]) for row, found in zip(script["ROWS"], rows, strict=True))
    assert all(found["seconds"] < row.most for row, found in zip(script["ROWS"], rows, strict=True))
    assert sum(row["seconds"] for row in rows) < 300


@pytest.mark.parametrize(
    ("known", "found", "same"), [("2", "3", False), ("< 1e-10", "2e-10", False), ("15", "15", True)]
)
def test_another_answer_is_seen(script, known, found, same):
    assert script["ROWS"][0]._replace(known=known).agrees(found) is same


def test_the_committed_pairs_are_those_of_the_package(script):
    assert json.loads(script["RESULT"].read_text())["pairs"] == script["separation_table"]()
