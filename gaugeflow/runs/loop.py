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
from gaugeflow.runs.schema import Checkpointing, RunConfig
from gaugeflow.runs.signals import Interrupted, stop_requests
from gaugeflow.runs.source import Source
from gaugeflow.runs.task import Task
from gaugeflow.runs.validation import validate

__all__ = ["Run", "resume", "start"]


@dataclass
class Run:
    """A task between two steps: how many lie behind it, what it recorded, how long it took."""

    task: Task
    directory: RunDirectory
    metrics: Metrics = field(default_factory=Metrics)
    done: int = 0
    seconds: float = 0.0

    @classmethod
    def open(cls, task_class: type[Task], config: RunConfig, directory: RunDirectory) -> "Run":
        """The run at its last checkpoint, or at step 0 if it was stopped before the first.

        Raises UserError if `config` differs from the checkpoint's in a key that makes another run.
        """
        if not directory.checkpoint.exists():
            return cls(task_class.build(config), directory)
        done, state = load_checkpoint(directory.checkpoint, task_class.name)
        _refuse_changes(task_class, state["config"], config.model_dump(mode="json"))
        run = cls(task_class.build(config), directory, done=done, seconds=state["seconds"])
        run.metrics = Metrics.load(directory.metrics, state["counts"])
        run.task.load_state_dict(state["task"])
        if done > run.task.steps:
            raise UserError(
                f"{directory.path}: {done} steps are done, the configuration asks for {run.task.steps} only"
            )
        return run

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

    def finish(self) -> dict[str, Any]:
        """Makes the remaining report files and returns the report."""
        report = {"task": self.task.name, **self.task.report(self.metrics), "seconds": self.seconds}
        write_whole(self.directory.report, json_text(report))
        write_whole(self.directory.markdown, self.task.markdown(report))
        return report


def start(task_class: type[Task], source: Source, path: Path, *, quiet: bool = False) -> dict[str, Any]:
    """Runs a task from its beginning into a new directory at `path` and returns its report.

    Raises UserError for a wrong configuration or a directory in use, before anything is written; `Interrupted`
    after a signal.
    """
    config = validate(task_class.schema, source)
    task = task_class.build(config)
    directory = RunDirectory.create(path, config, environment(config.seed, config.device))
    with directory.held():
        run = Run(task, directory)
        run.save()
        return _drive(run, quiet)


def resume(task_class: type[Task], path: Path, overrides: Sequence[str] = (), *, quiet: bool = False) -> dict[str, Any]:
    """Continues a run from its last checkpoint; with no step left it only makes the report again."""
    directory = RunDirectory.open(path)
    source = Source.read(directory.config)
    source.override(overrides)
    config = validate(task_class.schema, source)
    with directory.held():
        run = Run.open(task_class, config, directory)
        directory.note_resumption(environment(config.seed, config.device))
        directory.write_config(config)
        return _drive(run, quiet)


def _refuse_changes(task_class: type[Task], before: dict[str, Any], after: dict[str, Any]) -> None:
    changed = sorted(key for key in after if before.get(key) != after[key] and key not in task_class.extendable)
    if changed:
        allowed = ", ".join(sorted(task_class.extendable))
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
