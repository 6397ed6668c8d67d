"""The figures of a run, whatever its task."""

from pathlib import Path
from pkgutil import resolve_name

from gaugeflow import runs, tasks
from gaugeflow.errors import UserError

__all__ = ["plot_run"]

PLOTTERS = {
    "chain": "gaugeflow.plots.chain:plot_chain",
    "flow": "gaugeflow.plots.flow.run:plot_flow_run",
    "regression": "gaugeflow.plots.regression:plot_regression",
    "vmc": "gaugeflow.plots.vmc.run:plot_vmc",
}
"""What draws each task, `(directory, config, metrics)` to the files' paths; only that of the run's task is loaded."""


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
    drawn: list[Path] = resolve_name(PLOTTERS[task.name])(path, runs.validate(task.schema, source), metrics)
    return drawn
