"""Runs that take hours, for as long as there is time: each goes on from where it was stopped."""

import argparse
import json
import os
import signal
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch

from benchmarks.machine import machine
from gaugeflow import runs
from gaugeflow.errors import UserError

__all__ = ["made", "write_rows"]


def made(
    task: type[runs.Task[Any]],
    configuration: Path,
    folder: Path,
    minutes: float | None,
    settings: Sequence[str] = (),
) -> dict[str, Any]:
    """The report of a run, which begins or goes on, and stops with a checkpoint when its time is up."""
    clock = threading.Timer(60 * (minutes or 0), os.kill, (os.getpid(), signal.SIGTERM))
    if minutes is not None:
        clock.start()
    with suppress(runs.Interrupted):
        if (folder / "config.yaml").exists():
            runs.resume(task, folder)
        else:
            source = runs.Source.read(configuration)
            source.override(settings)
            runs.start(task, source, folder)
    clock.cancel()
    return runs.report(task, folder)


def write_rows(
    about: str | None, file: Path, order: Sequence[str], row: Callable[[str, float | None], dict[str, Any]]
) -> None:
    """The command line of a script, whose help is `about`: writes the row of each run that is named once it is made."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(order)}; all by default")
    parser.add_argument("--minutes", type=float, help="for each run")
    options = parser.parse_args()
    if unknown := sorted({*options.names} - {*order}):
        parser.error(f"expected names among {', '.join(order)}, got {', '.join(unknown)}")
    torch.set_num_threads(1)
    for name in options.names or order:
        try:
            found = row(name, options.minutes)
        except UserError as error:
            print(f"{name}: {error}")
            continue
        rows = json.loads(file.read_text())["rows"] if file.exists() else {}
        rows = {key: (rows | {name: found})[key] for key in order if key in rows or key == name}
        file.write_text(json.dumps(machine() | {"rows": rows}, indent=1) + "\n", encoding="utf-8")
