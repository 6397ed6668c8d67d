"""What a run will take, said before it starts, and what it has taken."""

import resource
import sys
from dataclasses import dataclass
from pathlib import Path

import torch

__all__ = ["Forecast", "peak_bytes", "reset_peak"]

UNIT = 1 if sys.platform == "darwin" else 1024
"""Of `ru_maxrss`, in bytes."""


@dataclass(frozen=True)
class Forecast:
    """Seconds of all steps of a run and the peak of the memory of one process, on a CUDA device of that device."""

    seconds: float
    bytes: int

    def __str__(self) -> str:
        return f"expected to take {_duration(self.seconds)} and {self.bytes / 1e9:.2g} GB"


def _duration(seconds: float) -> str:
    for unit, size in (("h", 3600.0), ("min", 60.0)):
        if seconds >= 2 * size:
            return f"{seconds / size:.2g} {unit}"
    return f"{seconds:.2g} s"


def peak_bytes(device: str) -> int:
    """The most memory that this process has had at once since `reset_peak`."""
    if device.startswith("cuda"):
        return torch.cuda.max_memory_allocated(device)
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:  # not Linux: since the process began
        return UNIT * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
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
