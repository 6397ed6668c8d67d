"""What a run will take, said before it starts, and what it has taken."""

import sys
import time
import warnings
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

from gaugeflow.errors import UserError
from gaugeflow.runs.task import Task

__all__ = ["Forecast", "duration", "expected_seconds", "forecast", "peak_bytes", "reset_peak"]

UNIT = 1 if sys.platform == "darwin" else 1024
"""Of `ru_maxrss`, in bytes."""


@dataclass(frozen=True)
class Forecast:
    """Seconds of all steps of a run and the peak of the memory of one process, on a CUDA device of that device."""

    seconds: float
    bytes: int

    def __str__(self) -> str:
        return f"expected to take {duration(self.seconds)} and {self.bytes / 1e9:.2g} GB"


def forecast(task: Task[Any]) -> Forecast | None:
    """Of all steps of a task at its beginning, whose state stays as it is; None if a step fails."""
    reset_peak(task.config.device)
    seconds = expected_seconds(task, 0)
    return None if seconds is None else Forecast(seconds, peak_bytes(task.config.device))


def expected_seconds(task: Task[Any], first: int) -> float | None:
    """Of the steps from `first` on, from one step of each kind by a copy of the task.

    The first step of a kind is made twice, so that what happens only once (compiling, loading) does not count. None
    if a step of the copy fails: that is for the run itself to say.
    """
    copy = type(task)(task.config)
    copy.load_state_dict(deepcopy(task.state_dict()))
    kinds = {index: count for index, count in task.kinds_of_steps().items() if index >= first}
    total = 0.0
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            for index, count in kinds.items():
                copy.try_step(index)
                total += count * _seconds(copy, index)
    except UserError:
        return None
    return total


def _seconds(task: Task[Any], index: int) -> float:
    began = time.perf_counter()
    parts = task.try_step(index)
    if task.config.device.startswith("cuda"):
        torch.cuda.synchronize()
    return parts * (time.perf_counter() - began)


def duration(seconds: float) -> str:
    """`4.5 min`, in the unit that suits."""
    for unit, size in (("h", 3600.0), ("min", 60.0)):
        if seconds >= 2 * size:
            return f"{seconds / size:.2g} {unit}"
    return f"{seconds:.2g} s"


def peak_bytes(device: str) -> int:
    """The most memory that this process has had at once since `reset_peak`; 0 where the system does not say."""
    if device.startswith("cuda"):
        return torch.cuda.max_memory_allocated(device)
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:  # not Linux: since the process began
        return 0 if resource is None else UNIT * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def reset_peak(device: str) -> None:
    """Lets the peak start at what is in use now, where the system can."""
    if device.startswith("cuda"):
        torch.cuda.reset_peak_memory_stats(device)
        return
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return
