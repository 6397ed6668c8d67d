"""The structure factors of fermions on sites, as the report of a run has them."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from gaugeflow.plots.figure import BLUE, INK, figure

__all__ = ["plot_structure"]


def plot_structure(directory: Path) -> list[Path]:
    """Writes the spin and charge structure factors with errors, and returns the path; nothing without a report."""
    report = directory / "report.json"
    found = json.loads(report.read_text()).get("observables", {}) if report.is_file() else {}
    factors = found.get("structure_factors")
    if not factors:
        return []
    path = directory / "structure.png"
    with figure(path, 8.0) as canvas:
        for axes, kind in zip(canvas.subplots(1, 2), ("spin", "charge"), strict=True):
            (_draw_line if len(factors[0]["q"]) == 1 else _draw_plane)(axes, factors, kind)
            axes.set_title(f"{kind} structure factor")
    return [path]


def _draw_line(axes: Any, factors: list[dict[str, Any]], kind: str) -> None:
    """Against the momentum."""
    q = [2 * entry["q"][0] for entry in factors]
    value, error = np.array([entry[kind] for entry in factors]).T
    axes.errorbar(q, value, error, color=BLUE, ecolor=INK, marker="o", markersize=4, linewidth=1.0)
    axes.set(xlabel=r"$q / \pi$", ylabel="S(q)")


def _draw_plane(axes: Any, factors: list[dict[str, Any]], kind: str) -> None:
    """Each momentum a disc, whose colour is the value."""
    q = 2 * np.array([entry["q"] for entry in factors])
    value = [entry[kind][0] for entry in factors]
    drawn = axes.scatter(q[:, 0], q[:, 1], c=value, s=160, cmap="Blues", edgecolors=INK)
    axes.figure.colorbar(drawn, ax=axes)
    axes.set(xlabel=r"$q_1 / \pi$", ylabel=r"$q_2 / \pi$", aspect="equal")
