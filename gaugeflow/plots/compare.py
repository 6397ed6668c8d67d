"""Several runs in one figure: what they all have measured, side by side."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from gaugeflow import runs, tasks
from gaugeflow.errors import UserError
from gaugeflow.plots.figure import BLUE, GREY, figure, label_exact
from gaugeflow.plots.look import Look, look

__all__ = ["compare_runs"]

STEPS = 300
"""How many measurements of a charge are drawn."""


@dataclass(frozen=True)
class _Reported:
    """A run by its name, its numbers and its rows."""

    name: str
    report: dict[str, Any]
    metrics: runs.Metrics


Panel = Callable[[Axes, Sequence[_Reported]], None]


def compare_runs(paths: Sequence[Path], target: Path, chosen: Look | None = None) -> Path:
    """Draws a panel for everything that at least two of the runs have; returns the path of the figure.

    Args:
        paths: two or more run directories.
        target: where the figure goes.
        chosen: its look.

    Raises:
        UserError: fewer than two runs, or runs that have nothing in common.
    """
    if len(paths) < 2:
        raise UserError(f"--compare: expected two or more run directories, came {len(paths)}")
    found = [_read(path) for path in paths]
    panels = [(draw, having) for has, draw in PANELS if len(having := [run for run in found if has(run)]) > 1]
    if not panels:
        raise UserError("--compare: expected runs with an observable, a flow or an energy in common, found nothing")
    chosen = chosen or Look()
    with look(chosen), figure(target, 7.0, 1.2 + sum(1.2 + 0.25 * len(runs) for _, runs in panels)) as canvas:
        for axes, (draw, having) in zip(np.atleast_1d(canvas.subplots(len(panels), 1)), panels, strict=True):
            draw(axes, having)
    return chosen.file(target)


def _read(path: Path) -> _Reported:
    directory = runs.RunDirectory.open(path)
    task = tasks.task_of(runs.Source.read(directory.config))
    metrics = runs.Metrics.load(directory.metrics) if directory.metrics.exists() else runs.Metrics()
    return _Reported(path.name, runs.report(task, path), metrics)


def _points(axes: Axes, names: Sequence[str], values: Sequence[float], errors: Sequence[float]) -> None:
    """A line for each run, the first on top."""
    places = range(len(names), 0, -1)
    axes.errorbar(values, [*places], xerr=errors, fmt="o", color=BLUE, markersize=5)
    axes.set_yticks([*places], names)
    axes.set_ylim(0.4, len(names) + 0.6)
    axes.xaxis.set_major_locator(MaxNLocator(6))


def _plaquettes(axes: Axes, found: Sequence[_Reported]) -> None:
    rows = [run.report["observables"]["plaquette"] for run in found]
    _points(axes, [run.name for run in found], [row["value"] for row in rows], [row["error"] for row in rows])
    exact = {row["exact"] for row in rows}
    if len(exact) == 1 and None not in exact:
        label_exact(axes, exact.pop(), across=False)
    axes.set(xlabel="plaquette", title="Plaquette")


def _effective(axes: Axes, found: Sequence[_Reported]) -> None:
    for run in found:
        rows = [row for row in run.report["volumes"] if row["ess"] is not None]
        sites = [np.prod(row["shape"]) for row in rows]
        errors = [row["ess_error"] for row in rows]
        axes.errorbar(sites, [row["ess"] for row in rows], errors, fmt="o-", markersize=4, label=run.name)
    axes.set(xscale="log", xlabel="sites", ylabel="ESS", title="Effective sample size and volume")
    axes.legend(fontsize=8)


def _charges(axes: Axes, found: Sequence[_Reported]) -> None:
    for offset, run in enumerate(found):
        series = run.metrics.columns("measurements")["charge"][:STEPS, 0]
        spread = 2 * max(1.0, float(np.abs(series).max()))
        axes.axhline(-offset * spread, color=GREY, linewidth=0.6)
        axes.plot(series - offset * spread, drawstyle="steps-mid", linewidth=0.9, label=run.name)
    axes.set_yticks([])
    axes.set(xlabel="measurement", ylabel="charge, shifted", title="Topological charge of one chain each")
    axes.legend(fontsize=8, loc="upper right")


def _energies(axes: Axes, found: Sequence[_Reported]) -> None:
    reports = [run.report for run in found]
    known = {report["reference"] for report in reports}
    shift = known.pop() if len(known) == 1 and None not in known else 0.0
    values = [1000 * (report["energy"] - shift) for report in reports]
    _points(axes, [run.name for run in found], values, [1000 * report["energy_error"] for report in reports])
    if shift:
        label_exact(axes, 0.0, "reference", across=False)
    label = f"energy above {shift:.7g} Hartree" if shift else "energy"
    axes.set(xlabel=f"{label} (millihartree)", title="Energy")


PANELS: tuple[tuple[Callable[[_Reported], bool], Panel], ...] = (
    (lambda run: "plaquette" in run.report.get("observables", {}), _plaquettes),
    (lambda run: bool(run.report.get("volumes")), _effective),
    (lambda run: "charge" in run.metrics.columns("measurements"), _charges),
    (lambda run: "energy" in run.report, _energies),
)
"""Which runs a panel is for, and how it is drawn."""
