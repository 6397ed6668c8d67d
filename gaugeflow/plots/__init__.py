"""Figures from a run directory."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from gaugeflow import runs, tasks
from gaugeflow.errors import UserError
from gaugeflow.plots.chain import plot_chain
from gaugeflow.plots.flow.run import plot_flow_run
from gaugeflow.plots.regression import plot_regression
from gaugeflow.plots.vmc.run import plot_vmc

__all__ = ["plot_chain", "plot_flow_run", "plot_regression", "plot_run", "plot_vmc"]

PLOTTERS: dict[str, Callable[[Path, Any, runs.Metrics], list[Path]]] = {
    "chain": plot_chain,
    "flow": plot_flow_run,
    "regression": plot_regression,
    "vmc": plot_vmc,
}


def plot_run(path: Path) -> list[Path]:
    """Makes the figures of a run, finished or not, as PNG files in its directory; returns their paths.

    Raises:
        UserError: `path` is no run directory, or nothing is measured yet.
    """
    directory = runs.RunDirectory.open(path)
    source = runs.Source.read(directory.config)
    task = tasks.task_of(source)
    drawn_from_checkpoint = task.name == "vmc" and directory.checkpoint.is_file()
    shipped = drawn_from_checkpoint and not directory.metrics.exists()
    metrics = runs.Metrics() if shipped else runs.Metrics.load(directory.metrics)
    if not drawn_from_checkpoint and not metrics.counts().keys() & {"measurements", "training", "flow"}:
        raise UserError(f"{path}: expected measurements to draw, the run has made none yet")
    return PLOTTERS[task.name](path, runs.validate(task.schema, source), metrics)
