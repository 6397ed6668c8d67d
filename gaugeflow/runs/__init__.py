"""Runs: the strict configuration, the run directory, checkpoints, recorded numbers, and the loop of every task."""

from gaugeflow.runs.configuration.schema import Checkpointing, Count, Number, Positive, RunConfig, Section
from gaugeflow.runs.configuration.source import Source
from gaugeflow.runs.configuration.validation import validate
from gaugeflow.runs.directory import RunDirectory
from gaugeflow.runs.loop import fresh_report, report, resume, sample, start
from gaugeflow.runs.metrics import Metrics
from gaugeflow.runs.ranks import Ranks, ranks
from gaugeflow.runs.record import Record
from gaugeflow.runs.run import Run
from gaugeflow.runs.signals import Interrupted
from gaugeflow.runs.task import Task

__all__ = [
    "Checkpointing",
    "Count",
    "Interrupted",
    "Metrics",
    "Number",
    "Positive",
    "Ranks",
    "Record",
    "Run",
    "RunConfig",
    "RunDirectory",
    "Section",
    "Source",
    "Task",
    "fresh_report",
    "ranks",
    "report",
    "resume",
    "sample",
    "start",
    "validate",
]
