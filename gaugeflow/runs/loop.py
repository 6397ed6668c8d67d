"""The loop that every task runs in: steps, checkpoints, interruption, report."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gaugeflow.errors import UserError
from gaugeflow.runs.atomic import write_whole
from gaugeflow.runs.checkpoint import load_checkpoint, save_checkpoint
from gaugeflow.runs.directory import RunDirectory
from gaugeflow.runs.environment import environment
from gaugeflow.runs.metrics import Metrics
from gaugeflow.runs.plain import json_text
from gaugeflow.runs.progress import Progress
from gaugeflow.runs.schema import Checkpointing
from gaugeflow.runs.signals import Interrupted, stop_requests
from gaugeflow.runs.source import Source
from gaugeflow.runs.task import Task
from gaugeflow.runs.validation import validate

__all__ = ["Run", "fresh_report", "report", "resume", "start"]


@dataclass
class Run:
    """A task between two steps: how many lie behind it, what it recorded, how long it took."""

    task: Task
    directory: RunDirectory
    metrics: Metrics = field(default_factory=Metrics)
    done: int = 0
    seconds: float = 0.0

    @classmethod
    def begin(cls, task: Task, directory: RunDirectory) -> "Run":
        """The run at step 0."""
        task.begin()
        return cls(task, directory)

    @classmethod
    def restore(cls, task: Task, directory: RunDirectory) -> "Run":
        """The run at its last checkpoint.

        Raises UserError if there is none, or if the task's configuration makes another run than the checkpoint's.
        """
        done, state = load_checkpoint(directory.checkpoint, task.name)
        _refuse_changes(task, state["config"])
        if done > task.steps:
            raise UserError(f"{directory.path}: {done} steps are done, the configuration asks for {task.steps} only")
        task.load_state_dict(state["task"])
        return cls(task, directory, Metrics.load(directory.metrics, state["counts"]), done, state["seconds"])

    def save(self) -> None:
        """Commits the recorded rows, then the checkpoint that counts them.

        A process killed between the two leaves rows that the checkpoint does not know of; resuming drops them
        and measures them again, bit for bit.
        """
        self.metrics.save(self.directory.metrics)
        state = {
            "task": self.task.state_dict(),
            "config": self.task.config.model_dump(mode="json"),
            "counts": self.metrics.counts(),
            "seconds": self.seconds,
        }
        save_checkpoint(self.directory.checkpoint, self.task.name, self.done, state)

    def report(self) -> dict[str, Any]:
        """The task's numbers from the rows recorded so far."""
        return {"task": self.task.name, **self.task.report(self.metrics), "seconds": self.seconds}

    def finish(self) -> dict[str, Any]:
        """Writes the report in both forms and returns it."""
        report = self.report()
        write_whole(self.directory.report, json_text(report))
        write_whole(self.directory.markdown, self.task.markdown(report))
        return report


def start(task_class: type[Task], source: Source, path: Path, *, quiet: bool = False) -> dict[str, Any]:
    """Runs a task from its beginning into a new directory at `path` and returns its report.

    Raises UserError for a wrong configuration or a directory in use, before anything is written; `Interrupted`
    after a signal.
    """
    task = task_class(validate(task_class.schema, source))
    directory = RunDirectory(path)
    directory.require_new()
    run = Run.begin(task, directory)
    directory.create(task.config, environment(task.config.seed, task.config.device))
    with directory.held():
        run.save()
        return _drive(run, quiet)


def resume(task_class: type[Task], path: Path, overrides: Sequence[str] = (), *, quiet: bool = False) -> dict[str, Any]:
    """Continues a run from its last checkpoint, or from step 0 if it was killed before the first.

    With no step left it only makes the report again.
    """
    directory = RunDirectory.open(path)
    task = _task(task_class, directory, overrides)
    with directory.held():
        started = directory.checkpoint.exists()
        run = Run.restore(task, directory) if started else Run.begin(task, directory)
        directory.note_resumption(environment(task.config.seed, task.config.device))
        directory.write_config(task.config)
        return _drive(run, quiet)


def report(task_class: type[Task], path: Path) -> dict[str, Any]:
    """The numbers from what a run has recorded up to its last checkpoint, finished or not."""
    directory = RunDirectory.open(path)
    run = Run.restore(_task(task_class, directory), directory)
    return run.report()


def fresh_report(task_class: type[Task], path: Path, seed: int, *, quiet: bool = False) -> dict[str, Any]:
    """The numbers measured anew from the checkpoint with another seed; the directory is not changed."""
    directory = RunDirectory.open(path)
    run = Run.restore(_task(task_class, directory), directory)
    run.metrics, began = Metrics(), time.monotonic()
    first = run.task.restart_measurements(seed)
    progress = Progress(run.task.steps, first, run.task.name, quiet)
    try:
        for index in range(first, run.task.steps):
            run.task.step(index, run.metrics)
            progress.advance(run.task.status())
    finally:
        progress.close()
    run.seconds = time.monotonic() - began
    return {**run.report(), "fresh": True, "seed": seed}


def _task(task_class: type[Task], directory: RunDirectory, overrides: Sequence[str] = ()) -> Task:
    source = Source.read(directory.config)
    source.override(overrides)
    return task_class(validate(task_class.schema, source))


def _refuse_changes(task: Task, before: dict[str, Any]) -> None:
    now = task.config.model_dump(mode="json")
    changed = sorted(key for key in now if before.get(key) != now[key] and key not in task.extendable)
    if changed:
        allowed = ", ".join(sorted(task.extendable))
        raise UserError(
            f"{', '.join(changed)} cannot change on resume, it would be another run; expected changes of "
            f"{allowed} only, or a new `gaugeflow run`"
        )


def _drive(run: Run, quiet: bool) -> dict[str, Any]:
    clock = _Clock(run.task.config.checkpoint_every)
    began = time.monotonic() - run.seconds
    progress = Progress(run.task.steps, run.done, run.task.name, quiet)
    with stop_requests() as request:
        try:
            while run.done < run.task.steps and request.number is None:
                run.task.step(run.done, run.metrics)
                run.done += 1
                progress.advance(run.task.status())
                run.seconds = time.monotonic() - began
                if clock.due() or run.done == run.task.steps or request.number is not None:
                    run.save()
                    clock.restart()
        finally:
            progress.close()
    if request.number is not None and run.done < run.task.steps:
        where = run.directory.path
        message = f"stopped at step {run.done} of {run.task.steps}; continue with: gaugeflow resume {where}"
        raise Interrupted(request.number, message)
    return run.finish()


class _Clock:
    """Says when the next checkpoint is due."""

    def __init__(self, every: Checkpointing) -> None:
        self._every = every
        self.restart()

    def restart(self) -> None:
        self._began, self._steps = time.monotonic(), 0

    def due(self) -> bool:
        """Called once after each step."""
        self._steps += 1
        late = self._every.seconds is not None and time.monotonic() - self._began >= self._every.seconds
        return late or self._every.steps == self._steps
