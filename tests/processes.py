"""Processes of the tests, forked from one that has loaded everything, so that each starts at once.

What a test says of processes (a kill, a signal, two ranks) it says with these: each has its own memory, files and
signals. The one that they come from has made a short run, so that the compiled kernels are in memory too.
"""

import atexit
import multiprocessing
import os
import socket
from collections.abc import Callable, Mapping, Sequence
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any, NamedTuple

PATIENCE = 300.0
"""Seconds after which a process hangs, on a machine with much else to do."""

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["tests.loaded"])


class Ended(NamedTuple):
    """How a process ended and what it printed."""

    returncode: int | None
    stdout: str
    stderr: str


class Running:
    """A process that calls `work(*arguments)` in `folder`; what it prints goes to files named after `name` there."""

    def __init__(
        self,
        work: Callable[..., object],
        arguments: Sequence[Any],
        folder: Path,
        environment: Mapping[str, str] | None = None,
        name: str = "process",
    ) -> None:
        self._printed = [folder / f"{name}.{stream}" for stream in ("out", "err")]
        call = (work, tuple(arguments), folder, dict(environment or {}), self._printed)
        self.process: ForkServerProcess = _context.Process(target=_call, args=call)
        self.process.start()

    def ended(self) -> Ended:
        """Waits for its end."""
        self.process.join(PATIENCE)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
        return Ended(self.process.exitcode, *(path.read_text() for path in self._printed))


def two_ranks(work: Callable[..., object], arguments: Sequence[Any], folder: Path) -> list[Ended]:
    """The call in two processes that find each other as torchrun's do."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    meet = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "WORLD_SIZE": "2"}
    started = [
        Running(work, arguments, folder, {**meet, "RANK": str(rank), "LOCAL_RANK": str(rank)}, f"rank{rank}")
        for rank in range(2)
    ]
    return [process.ended() for process in started]


def _call(
    work: Callable[..., object], arguments: tuple[Any, ...], folder: Path, environment: dict[str, str], to: list[Path]
) -> None:
    """What the process does; multiprocessing would end it without the functions that it leaves for its exit."""
    atexit._clear()
    os.chdir(folder)
    os.environ.update(environment)
    for descriptor, path in zip((1, 2), to, strict=True):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), descriptor)
    try:
        work(*arguments)
    finally:
        atexit._run_exitfuncs()
