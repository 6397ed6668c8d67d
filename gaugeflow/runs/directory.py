"""The run directory: which files it holds, how it is made, opened and kept to one process."""

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import yaml
from filelock import FileLock, Timeout

from gaugeflow.errors import UserError
from gaugeflow.runs.atomic import write_whole
from gaugeflow.runs.configuration.schema import RunConfig
from gaugeflow.runs.plain import json_text

__all__ = ["RunDirectory"]


class RunDirectory:
    """The files of one run. Each is replaced as a whole, so each is readable at any moment."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.config = path / "config.yaml"
        self.environment = path / "environment.json"
        self.metrics = path / "metrics.h5"
        self.checkpoint = path / "checkpoint.pt"
        self.chain = path / "chain.h5"
        self.report = path / "report.json"
        self.markdown = path / "report.md"

    def require_new(self) -> None:
        """Raises UserError if something is already there."""
        path = self.path
        if path.exists() and not path.is_dir():
            raise UserError(f"--out {path}: expected a new or empty directory, found a file")
        if path.is_dir() and any(path.iterdir()):
            again = f"continue that run with: gaugeflow resume {path}" if self.config.exists() else "it is no run"
            raise UserError(f"{path}: expected a new or empty directory, found files in it ({again}; or choose --out)")

    def create(self, config: RunConfig, environment: dict[str, Any]) -> None:
        """Makes the directory with its first two files."""
        self.path.mkdir(parents=True, exist_ok=True)
        self.write_config(config)
        write_whole(self.environment, json_text({**environment, "resumed": []}))

    def remove(self) -> None:
        """Takes away the files of a run that never had a checkpoint, and the directory if nothing else is in it."""
        for file in (self.path / ".lock", self.config, self.environment, self.metrics, self.chain):
            file.unlink(missing_ok=True)
        with suppress(OSError):
            self.path.rmdir()

    @classmethod
    def open(cls, path: Path) -> "RunDirectory":
        """Raises UserError if `path` is not a run directory."""
        directory = cls(path)
        if not path.is_dir():
            raise UserError(f"expected a run directory, found {'a file' if path.exists() else 'nothing'} at {path}")
        if not directory.config.is_file():
            raise UserError(f"{path}: expected a run directory, found no config.yaml in it")
        return directory

    def write_config(self, config: RunConfig) -> None:
        """The resolved configuration: every key, defaults included."""
        write_whole(self.config, yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False))

    def note_resumption(self, environment: dict[str, Any]) -> None:
        """Adds the present process to those that worked on this run."""
        try:
            known = json.loads(self.environment.read_text())
        except (FileNotFoundError, ValueError) as error:
            raise UserError(f"{self.environment}: expected the JSON that `run` wrote, {error}") from error
        write_whole(self.environment, json_text({**known, "resumed": [*known["resumed"], environment]}))

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keeps other processes out for as long as the context lasts; a killed process lets go by itself."""
        lock = FileLock(self.path / ".lock")
        try:
            lock.acquire(blocking=False)
        except (Timeout, NotImplementedError) as error:
            what = "another process is working on this run" if isinstance(error, Timeout) else str(error)
            raise UserError(f"{self.path}: {what}") from error
        try:
            yield
        finally:
            with suppress(OSError):  # Windows removes it on release
                Path(lock.lock_file).unlink()  # while it is held: who opened it meanwhile begins anew
            lock.release()
