"""What the steps of a run leave behind: rows of numbers, and fields in an ensemble file."""

from dataclasses import dataclass, field
from pathlib import Path

from gaugeflow.io import EnsembleWriter
from gaugeflow.runs.metrics import Metrics

__all__ = ["Record"]


@dataclass
class Record:
    """The rows, committed with each checkpoint, and the open ensemble, which appends at once, if fields are kept.

    `path` is the run directory where a step may leave what explains its failure; None where nothing is to be written.
    """

    metrics: Metrics = field(default_factory=Metrics)
    ensemble: EnsembleWriter | None = None
    path: Path | None = None
