"""The loop that every task runs in: steps, checkpoints, interruption, report."""

import json
import shutil
import sys
import time
from collections.abc import Sequence
from contextlib import nullcontext
from itertools import chain
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.io import ScalarWriter
from gaugeflow.runs.configuration.schema import Checkpointing
from gaugeflow.runs.configuration.source import Source
from gaugeflow.runs.configuration.validation import validate
from gaugeflow.runs.devices import require_device
from gaugeflow.runs.directory import RunDirectory
from gaugeflow.runs.environment import environment
from gaugeflow.runs.forecast import duration, expected_seconds, forecast
from gaugeflow.runs.progress import Progress
from gaugeflow.runs.ranks import Ranks, join, ranks
from gaugeflow.runs.run import Run
from gaugeflow.runs.signals import Interrupted, stop_requests
from gaugeflow.runs.task import Task

__all__ = ["dry", "fresh_report", "report", "resume", "sample", "start"]


def start(task_class: type[Task], source: Source, path: Path, *, quiet: bool = False) -> dict[str, Any]:
    """Runs a task from its beginning into a new directory at `path` and returns its report.

    Raises UserError for a wrong configuration or a directory in use, before anything is written; `Interrupted`
    after a signal.
    """
    config = validate(task_class.schema, source)
    require_device(config.device)
    together = _join(task_class, config.device)
    directory = RunDirectory(path)
    if together.leader:
        directory.require_new()
    run = Run.begin(task_class(config), directory)
    if not together.leader:
        return _drive(run, True)
    directory.create(config, environment(config.seed, config.device))
    with directory.held():
        try:
            return _drive(run, quiet)
        except BaseException:
            if not directory.checkpoint.exists():  # a directory is complete or absent
                directory.remove()
            raise


def dry(task_class: type[Task], source: Source) -> dict[str, Any]:
    """What a run of this configuration would take; everything is built, nothing is written.

    Returns:
        `task`, `steps`, and what is expected: `seconds`, `memory_bytes` (None where a step fails), `disk_bytes`, and
        `without` for a part that is not foretold.
    """
    config = validate(task_class.schema, source)
    require_device(config.device)
    task = task_class(config)
    task.begin()
    expected = forecast(task)
    return {
        "task": task.name,
        "steps": task.steps,
        "seconds": None if expected is None else expected.seconds,
        "memory_bytes": None if expected is None else expected.bytes,
        "disk_bytes": task.disk_bytes,
        "without": task.not_foretold,
    }


def resume(task_class: type[Task], path: Path, overrides: Sequence[str] = (), *, quiet: bool = False) -> dict[str, Any]:
    """Continues a run from its last checkpoint, or from step 0 if it was killed before the first.

    With no step left it only makes the report again.
    """
    directory = RunDirectory.open(path)
    task = _task(task_class, directory, overrides)
    together = _join(task_class, task.config.device)
    with directory.held() if together.leader else nullcontext():
        started = directory.checkpoint.exists()
        run = Run.restore(task, directory) if started else Run.begin(task, directory)
        # no process writes before all have read
        together.largest(run.done)
        if together.leader:
            directory.note_resumption(environment(task.config.seed, task.config.device))
            directory.write_config(task.config)
        return _drive(run, quiet or not together.leader)


def report(task_class: type[Task], path: Path, overrides: Sequence[str] = ()) -> dict[str, Any]:
    """The numbers from what a run has recorded up to its last checkpoint, finished or not.

    A run that is shipped without its rows gives the report that it ended with.
    """
    directory = RunDirectory.open(path)
    if directory.report.is_file() and not directory.metrics.exists():
        found: dict[str, Any] = json.loads(directory.report.read_text())
        return found
    return Run.restore(_task(task_class, directory, overrides), directory).report()


def fresh_report(
    task_class: type[Task],
    path: Path,
    seed: int,
    overrides: Sequence[str] = (),
    *,
    minutes: float | None = None,
    quiet: bool = False,
) -> dict[str, Any]:
    """The numbers measured anew from the checkpoint with another seed; the directory is not changed.

    It says beforehand what it will take, unless `quiet`. With `minutes` it measures no more than fits into them.
    """
    directory = RunDirectory.open(path)
    task = _task(task_class, directory, overrides)
    together = _join(task_class, task.config.device)
    run = Run.restore(task, directory, recorded=False)
    if together.size == 1 and (minutes is not None or not quiet):
        run = _fitted(run, seed, minutes, quiet)
    began = time.monotonic()
    first = run.task.restart_measurements(seed)
    with Progress(run.task.steps, first, run.task.name, quiet or not together.leader) as progress:
        for index in range(first, run.task.steps):
            run.task.step(index, run.record)
            progress.advance(run.task.status())
    run.seconds = time.monotonic() - began
    return {**run.report(), "fresh": True, "seed": seed}


def _fitted(run: Run, seed: int, minutes: float | None, quiet: bool) -> Run:
    """The run itself, or one that measures only what fits into so many minutes."""
    task = run.task
    seconds = expected_seconds(task, task.restart_measurements(seed))
    if seconds is not None and not quiet:
        print(f"{task.name}: --fresh is expected to take {duration(seconds)} for everything", file=sys.stderr)
    if seconds is None or minutes is None or seconds <= 60 * minutes:
        return Run.restore(type(task)(task.config), run.directory, recorded=False)
    fewer = type(task)(task.shortened(60 * minutes / seconds))
    return Run.restore(fewer, run.directory, recorded=False, shortened=True)


def sample(
    task_class: type[Task],
    path: Path,
    count: int,
    seed: int,
    target: Path,
    overrides: Sequence[str] = (),
    *,
    weighted: bool = False,
    quiet: bool = False,
) -> None:
    """Writes `count` new fields from the distribution of the checkpoint to the file `target`.

    With `weighted` they are those of the model, independent of each other, and `target` with the extension
    `.weights.h5` holds `log_weight`, the log of exp(-S) / q, of each: means are `sum w O / sum w`.

    Raises UserError if `target` is there already or the disk has no room for so many.
    """
    directory = RunDirectory.open(path)
    task = Run.restore(_task(task_class, directory, overrides), directory, recorded=False).task
    weights = target.with_suffix(".weights.h5")
    for file in (target, weights) if weighted else (target,):
        if file.exists():
            raise UserError(f"{file}: expected a new file, found one")
    batches = task.weighted_samples(seed) if weighted else ((fields, None) for fields in task.samples(seed))
    batch = next(batches)
    _require_room(target, count * batch[0][0].numel() * batch[0].element_size(), count)
    log_weights: list[Tensor] = []
    with task.create_ensemble(target, count) as ensemble, Progress(count, 0, "sample", quiet) as progress:
        for fields, log_weight in chain((batch,), batches):
            wanted = fields[: count - ensemble.count]
            ensemble.append(wanted)
            if log_weight is not None:
                log_weights.append(log_weight[: len(wanted)])
            progress.advance(steps=len(wanted))
            if ensemble.count == count:
                break
    if weighted:
        with ScalarWriter(weights, "log_weight") as column:
            column.append(torch.cat(log_weights))


def _require_room(target: Path, size: int, count: int) -> None:
    free = shutil.disk_usage(target.parent).free if target.parent.is_dir() else size
    if size > free:
        raise UserError(
            f"{target}: expected room for {count} configurations, {size / 1e9:.3g} GB, the disk has {free / 1e9:.3g} GB"
        )


def _task(task_class: type[Task], directory: RunDirectory, overrides: Sequence[str] = ()) -> Task:
    source = Source.read(directory.config)
    source.override(overrides)
    return task_class(validate(task_class.schema, source))


def _join(task_class: type[Task], device: str) -> Ranks:
    together = join(device)
    if together.size > 1 and not task_class.distributed:
        raise UserError(f"the task {task_class.name} runs in one process, torchrun has started {together.size}")
    return together


def _drive(run: Run, quiet: bool) -> dict[str, Any]:
    """From where the run stands to its end, or to the first signal; the first rank alone writes."""
    together = ranks()
    ensemble = run.task.open_ensemble(run.directory.chain, run.fields) if together.leader else None
    with ensemble or nullcontext(), stop_requests() as request:
        run.record.ensemble = ensemble
        if run.done == 0 and together.leader:
            run.save()
        clock = _Clock(run.task.config.checkpoint_every)
        began = time.monotonic() - run.seconds
        with Progress(run.task.steps, run.done, run.task.name, quiet) as progress:
            stop = together.largest(request.number or 0)
            while run.done < run.task.steps and not stop:
                run.task.step(run.done, run.record)
                run.done += 1
                run.seconds = time.monotonic() - began
                progress.advance(run.task.status())
                stop = together.largest(request.number or 0)
                if together.leader and (clock.due() or run.done == run.task.steps or stop):
                    run.save()
                    clock.restart()
    if stop and run.done < run.task.steps:
        where = run.directory.path
        message = f"stopped at step {run.done} of {run.task.steps}; continue with: gaugeflow resume {where}"
        raise Interrupted(stop, message)
    return together.from_leader(run.finish() if together.leader else {})


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
