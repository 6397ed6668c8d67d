"""The shipped trained runs: their reports, configurations and machines."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache
from typing import Any

import yaml

from result_tables.table import ROOT

FOLDER = ROOT / "configs" / "trained"


@cache
def report(name: str) -> dict[str, Any]:
    """What `gaugeflow report configs/trained/NAME --json` prints."""
    found: dict[str, Any] = json.loads((FOLDER / name / "report.json").read_text())
    return found


@cache
def config(name: str) -> dict[str, Any]:
    """The resolved configuration of a run."""
    found: dict[str, Any] = yaml.safe_load((FOLDER / name / "config.yaml").read_text())
    return found


def names(task: str) -> list[str]:
    """All trained runs of a task."""
    return sorted(path.name for path in FOLDER.iterdir() if report(path.name)["task"] == task)


def made_by(runs: Iterable[str], command: str) -> str:
    """The line below a table of runs."""
    environments = [json.loads((FOLDER / name / "environment.json").read_text()) for name in runs]
    machines = sorted({f"{each['device_name']}, {each['threads']} thread(s)" for each in environments})
    days = sorted(part["started"][:10] for each in environments for part in (each, *each["resumed"]))
    span = days[0] if days[0] == days[-1] else f"{days[0]} to {days[-1]}"
    return f"`{command}`; {'; '.join(machines)}; {span}. NAME stands in the first column."
