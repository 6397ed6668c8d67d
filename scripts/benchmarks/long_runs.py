"""Runs that take hours, for as long as there is time: each goes on from where it was stopped."""

import os
import signal
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

from gaugeflow import runs

__all__ = ["made"]


def made(task: type[runs.Task[Any]], configuration: Path, folder: Path, minutes: float | None) -> dict[str, Any]:
    """The report of a run, which begins or goes on, and stops with a checkpoint when its time is up."""
    clock = threading.Timer(60 * (minutes or 0), os.kill, (os.getpid(), signal.SIGTERM))
    if minutes is not None:
        clock.start()
    with suppress(runs.Interrupted):
        if (folder / "config.yaml").exists():
            runs.resume(task, folder)
        else:
            runs.start(task, runs.Source.read(configuration), folder)
    clock.cancel()
    return runs.report(task, folder)
