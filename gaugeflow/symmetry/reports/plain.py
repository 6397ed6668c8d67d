"""Reports as plain values and as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence

from gaugeflow.symmetry.reports.report import Report

__all__ = ["json_safe", "report_data", "to_json"]


def report_data(reports: Sequence[Report], power: Sequence[list[dict[str, object]]] = ()) -> dict[str, object]:
    """All reports as plain values: `holds`, `reports`, and for each of them its kills under `power` if given."""
    data: list[dict[str, object]] = [report.to_dict() for report in reports]
    for row, kills in zip(data, power, strict=False):
        row["power"] = kills
    return {"holds": all(report.holds for report in reports), "reports": data}


def to_json(data: dict[str, object]) -> str:
    """One JSON object out of plain values."""
    return json.dumps(json_safe(data), indent=2)


def json_safe(data: object) -> object:
    """JSON has no infinity: numbers that are not finite become strings."""
    if isinstance(data, dict):
        return {str(key): json_safe(value) for key, value in data.items()}
    if isinstance(data, (list, tuple)):
        return [json_safe(value) for value in data]
    if isinstance(data, float) and not abs(data) < float("inf"):
        return str(data)
    return data
