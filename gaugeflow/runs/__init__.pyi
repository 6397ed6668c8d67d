from .configuration.schema import Checkpointing, Count, Number, Positive, RunConfig, Section
from .configuration.source import Source
from .configuration.validation import validate
from .directory import RunDirectory
from .loop import dry, fresh_report, report, resume, sample, start
from .metrics import Metrics
from .opening.opened import OpenRun, open_run
from .opening.shipped import Shipped, configuration_at, run_at, shipped
from .ranks import Ranks, ranks
from .record import Record
from .run import Run
from .signals import Interrupted
from .task import Task

__all__ = [
    "Checkpointing",
    "Count",
    "Interrupted",
    "Metrics",
    "Number",
    "OpenRun",
    "Positive",
    "Ranks",
    "Record",
    "Run",
    "RunConfig",
    "RunDirectory",
    "Section",
    "Shipped",
    "Source",
    "Task",
    "configuration_at",
    "dry",
    "fresh_report",
    "open_run",
    "ranks",
    "report",
    "resume",
    "run_at",
    "sample",
    "shipped",
    "start",
    "validate",
]
