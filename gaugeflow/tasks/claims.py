"""What `gaugeflow check` verifies of a configuration, a run directory or a checkpoint."""

from pathlib import Path

from gaugeflow import runs
from gaugeflow.symmetry.claims import Claim
from gaugeflow.tasks.registry import task_of

__all__ = ["claims_of"]


def claims_of(target: str) -> list[Claim]:
    """The claims of the task that stands at `target`: a YAML file, a run directory, the checkpoint in one, or a name.

    Of a shipped name it is the trained run, where there is one, else the configuration.

    Raises:
        UserError: there is none, or its task claims nothing.
    """
    path = _path(target)
    directory = path if path.is_dir() else path.parent
    stored = path.is_dir() or path.suffix == ".pt"
    source = runs.Source.read(runs.RunDirectory.open(directory).config if stored else path)
    task_class = task_of(source)
    task = task_class(runs.validate(task_class.schema, source))
    if stored:
        runs.Run.restore(task, runs.RunDirectory(directory), recorded=False)
    else:
        task.begin()
    return list(task.claims())


def _path(target: str) -> Path:
    names = {} if Path(target).exists() else {entry.name: entry.path for entry in runs.shipped()}
    return names.get(target, Path(target))
