"""A run between two steps: its task, its directory, and what it has recorded."""

from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from gaugeflow.errors import UserError
from gaugeflow.runs.atomic import write_whole
from gaugeflow.runs.checkpoint import load_checkpoint, save_checkpoint
from gaugeflow.runs.configuration.source import Source
from gaugeflow.runs.directory import RunDirectory
from gaugeflow.runs.metrics import Metrics
from gaugeflow.runs.plain import json_text
from gaugeflow.runs.record import Record
from gaugeflow.runs.task import Task

__all__ = ["Run"]

SHOWN = 3
"""Of so many keys that differ between checkpoint and configuration a message gives the values."""


@dataclass
class Run:
    """A task between two steps.

    Attributes:
        done: how many steps lie behind it.
        seconds: how long they took, over all processes that worked on it.
        fields: how many fields the checkpoint knows of in `chain.h5`; None before the first checkpoint.
    """

    task: Task
    directory: RunDirectory
    record: Record = field(default_factory=Record)
    done: int = 0
    seconds: float = 0.0
    fields: int | None = None

    @classmethod
    def begin(cls, task: Task, directory: RunDirectory) -> "Run":
        """The run at step 0."""
        task.begin()
        return cls(task, directory, Record(path=directory.path))

    @classmethod
    def restore(cls, task: Task, directory: RunDirectory, recorded: bool = True, shortened: bool = False) -> "Run":
        """The run at its last checkpoint; without what it recorded if only its state is wanted.

        A task that is `shortened` measures less than the checkpoint's; nothing else may differ.

        Raises UserError if there is none, or if the task's configuration makes another run than the checkpoint's.
        """
        done, state = load_checkpoint(directory.checkpoint, task.name)
        if not shortened:
            _refuse_changes(task, done, state["config"], Source("{}", "checkpoint", directory.path))
        if recorded and done > task.steps:
            raise UserError(f"{directory.path}: {done} steps are done, the configuration asks for {task.steps} only")
        _load(task, state["task"], directory)
        record = Record()
        if recorded:
            record = Record(Metrics.load(directory.metrics, state["counts"]), path=directory.path)
        return cls(task, directory, record, done, state["seconds"], state["fields"])

    def save(self) -> None:
        """Commits fields and rows, then the checkpoint that counts them.

        A process killed in between leaves fields and rows that the checkpoint does not know of; resuming drops them
        and makes them again, bit for bit.
        """
        ensemble = self.record.ensemble
        if ensemble is not None:
            ensemble.sync()
        self.record.metrics.save(self.directory.metrics)
        state = {
            "task": self.task.state_dict(),
            "config": self.task.config.model_dump(mode="json"),
            "counts": self.record.metrics.counts(),
            "fields": None if ensemble is None else ensemble.count,
            "seconds": self.seconds,
        }
        save_checkpoint(self.directory.checkpoint, self.task.name, self.done, state)

    def report(self) -> dict[str, Any]:
        """The task's numbers from the rows recorded so far."""
        return {"task": self.task.name, **self.task.report(self.record.metrics), "seconds": self.seconds}

    def finish(self) -> dict[str, Any]:
        """Writes the report in both forms and returns it."""
        report = self.report()
        write_whole(self.directory.report, json_text(report))
        write_whole(self.directory.markdown, self.task.markdown(report))
        return report


def _load(task: Task, state: dict[str, Any], directory: RunDirectory) -> None:
    """A state that lacks something, or has it in another form, is another version's."""
    try:
        task.load_state_dict(state)
    except UserError:
        raise
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(
            f"{directory.checkpoint}: expected a state of this version of the task {task.name}, came one that it "
            f"cannot continue ({type(error).__name__}: {error})"
        ) from error


def _refuse_changes(task: Task, done: int, before: dict[str, Any], source: Source) -> None:
    now = task.config.model_dump(mode="json")
    with suppress(ValidationError):  # keys that are gone since: the comparison names what changed
        # keys that came after the checkpoint had their defaults in effect
        # and paths, which once were kept as they were written, begin where those of the configuration do
        context = {"absolute": source.absolute}
        before = task.schema.model_validate(before, context=context).model_dump(mode="json")
    may_change = {"device", *task.may_change(done, before)}
    changed = [key for key in now if before.get(key) != now[key] and key not in may_change]
    if changed:
        onward = ", which with `init_from` goes on from these parameters" if "init_from" in now else ""
        allowed = ", ".join(sorted(may_change))
        differences = "; ".join(_difference(key, before.get(key), now[key]) for key in changed[:SHOWN])
        raise UserError(
            f"{', '.join(changed)} cannot change on resume, it would be another run ({differences}); expected changes "
            f"of {allowed} only, or a new `gaugeflow run`{onward}"
        )


def _difference(key: str, before: Any, now: Any) -> str:
    """What the checkpoint has and what the configuration, down to the first value in which they differ."""
    if isinstance(before, dict) and isinstance(now, dict) and before.keys() == now.keys():
        inner = next(name for name in now if before[name] != now[name])
        return _difference(f"{key}.{inner}", before[inner], now[inner])
    return f"{key}: {before} in the checkpoint, {now} in the configuration"
