"""The figures of a run, whatever its task."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from gaugeflow import runs, tasks
from gaugeflow.errors import UserError
from gaugeflow.late import Late
from gaugeflow.plots.heading import heading
from gaugeflow.plots.look import Look, look
from gaugeflow.plots.page import write_page

__all__ = ["contact_sheet", "plot_run"]

PLOTTERS: Late[Callable[[Path, Any, runs.Metrics], list[Path]]] = Late(
    {
        "chain": "gaugeflow.plots.chain:plot_chain",
        "dmc": "gaugeflow.plots.dmc:plot_dmc",
        "flow": "gaugeflow.plots.flow.run:plot_flow_run",
        "regression": "gaugeflow.plots.regression:plot_regression",
        "vmc": "gaugeflow.plots.vmc.run:plot_vmc",
    }
)
"""What draws each task: `(directory, config, metrics)` to the files' paths."""


def plot_run(path: Path, format: str = "png", dark: bool = False) -> list[Path]:
    """Makes the figures of a run, finished or not, in its directory; returns their paths.

    Raises:
        UserError: `path` is no run directory, nothing is measured yet, or another format than png, svg, pdf.
    """
    directory = runs.RunDirectory.open(path)
    task, config = _opened(directory)
    drawn_from_checkpoint = task.name == "vmc" and directory.checkpoint.is_file()
    shipped = drawn_from_checkpoint and not directory.metrics.exists()
    metrics = runs.Metrics() if shipped else runs.Metrics.load(directory.metrics)
    if not drawn_from_checkpoint and not metrics.counts().keys() & {"measurements", "training", "flow", "generations"}:
        raise UserError(f"{path}: expected measurements to draw, the run has made none yet")
    chosen = Look(format, dark, heading(config))
    with look(chosen):
        return [chosen.file(figure) for figure in PLOTTERS[task.name](path, config, metrics)]


def contact_sheet(target: Path, figures: Mapping[Path, Sequence[Path]]) -> Path:
    """Puts the tables of the reports of some runs, where there are any, and their figures on one page.

    Args:
        target: the HTML file.
        figures: those of each run directory.
    """
    parts = []
    for path, drawn in figures.items():
        directory = runs.RunDirectory.open(path)
        bare = f"# {heading(_opened(directory)[1])}\n"
        parts.append((directory.markdown.read_text() if directory.markdown.is_file() else bare, drawn))
    write_page(target, ", ".join(path.name for path in figures), parts)
    return target


def _opened(directory: runs.RunDirectory) -> tuple[type[runs.Task[Any]], Any]:
    source = runs.Source.read(directory.config)
    task = tasks.task_of(source)
    return task, runs.validate(task.schema, source)
