"""A run as an object, for a notebook: its report, its numbers, its figures, its task."""

from collections.abc import Callable
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from gaugeflow.late import Late
from gaugeflow.runs.configuration.source import Source
from gaugeflow.runs.directory import RunDirectory
from gaugeflow.runs.loop import report
from gaugeflow.runs.metrics import Metrics
from gaugeflow.runs.opening.shipped import run_at
from gaugeflow.runs.run import Run
from gaugeflow.runs.task import Task

__all__ = ["OpenRun", "open_run"]

ABOVE: Late[Callable[..., Any]] = Late(
    {"task of": "gaugeflow.tasks.registry:task_of", "figures": "gaugeflow.plots.run:plot_run"}
)
"""What stands in rooms above this one."""


class OpenRun:
    """A run directory, finished or not; every attribute is read when it is asked for.

    A run that still goes on may be read at any time: it shows what stood at its last checkpoint.
    """

    def __init__(self, path: Path) -> None:
        self.directory = RunDirectory.open(path)

    @property
    def path(self) -> Path:
        """The directory."""
        return self.directory.path

    @property
    def report(self) -> dict[str, Any]:
        """What `gaugeflow report DIR --json` prints."""
        return report(self._task_class, self.path)

    @property
    def metrics(self) -> dict[str, dict[str, np.ndarray]]:
        """The recorded numbers: tables by name, in each columns `(rows, ...)` by name."""
        if not self.directory.metrics.exists():
            return {}
        found = Metrics.load(self.directory.metrics)
        return {table: found.columns(table) for table in found.counts()}

    @cached_property
    def task(self) -> Task[Any]:
        """The task in the state of the last checkpoint: its flow, its wavefunction, its field."""
        source = Source.read(self.directory.config)
        made = self._task_class.of(source)
        return Run.restore(made, self.directory, recorded=False).task

    def figures(self, format: str = "png", dark: bool = False) -> list[Path]:
        """Draws the figures into the directory; their paths."""
        drawn: list[Path] = ABOVE["figures"](self.path, format, dark)
        return drawn

    @property
    def _task_class(self) -> type[Task[Any]]:
        found: type[Task[Any]] = ABOVE["task of"](Source.read(self.directory.config))
        return found

    def _rows(self) -> list[tuple[str, str]]:
        return [(name, f"{value:.7g}" if isinstance(value, float) else str(value)) for name, value in self._numbers()]

    def _numbers(self) -> list[tuple[str, Any]]:
        """The plain numbers and texts of the report, and the observables as they are read."""
        found = self.report
        plain = [(name, value) for name, value in found.items() if isinstance(value, int | float | str)]
        observables = found.get("observables", {})
        return plain + [(name, entry["text"]) for name, entry in observables.items() if isinstance(entry, dict)]

    def __repr__(self) -> str:
        rows = self._rows()
        width = max((len(name) for name, _ in rows), default=0)
        return "\n".join([f"run in {self.path}", *(f"  {name.ljust(width)}  {value}" for name, value in rows)])

    def _repr_html_(self) -> str:
        cells = "".join(f"<tr><td>{escape(name)}</td><td>{escape(value)}</td></tr>" for name, value in self._rows())
        return f"<table><caption>{escape(str(self.path))}</caption>{cells}</table>"


def open_run(path: str | Path) -> OpenRun:
    """Opens a run by its directory, or a shipped one by its name.

    Raises:
        UserError: there is none.
    """
    return OpenRun(run_at(str(path)))
