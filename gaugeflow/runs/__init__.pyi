from .configuration.schema import Checkpointing, Count, Number, Positive, RunConfig, Section
from .configuration.source import Source
from .configuration.validation import validate
from .directory import RunDirectory
from .loop import fresh_report, report, resume, sample, start
from .metrics import Metrics
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
