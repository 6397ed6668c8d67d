"""Which claims the counted checks lack: claims may share a name, and some are gone."""

import runpy
from types import SimpleNamespace
from typing import Any

import pytest

from tests.places import ROOT


def case(line: str, name: str) -> Any:
    return line, "float64", SimpleNamespace(name=name)


def row(line: str, claim: str, checks: int) -> dict[str, Any]:
    return {"line": line, "claim": claim, "dtypes": "float64", "checks": checks, "alarms": 0}


def test_rows_whose_claims_are_there_are_kept_and_others_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    completed = runpy.run_path(str(ROOT / "scripts" / "symmetry_registry.py"))["completed"]
    old, new, other = case("action", "S"), case("action", "S"), case("flow", "f")
    rows = [row("action", "S", 3), row("action", "gone", 5)]
    assert completed(rows, [old, other, new]) == ([rows[0]], [other, new])
    assert completed(rows, [old]) == ([rows[0]], [])
    assert completed([], [old, new]) == ([], [old, new])
    moved = row("action", "lambda at line.py:54", 7)
    assert completed([moved], [case("action", "lambda at line.py:60")]) == ([moved], [])
