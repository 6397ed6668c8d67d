"""How much memory a process took (Linux): each measurement in a process of its own, whose peak is that of it alone."""

import ctypes
import gc
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

__all__ = ["elsewhere", "growth"]


def growth(work: Callable[[], object]) -> int:
    """Bytes by which the peak of the resident memory rises in ``work`` above what the process holds before it.

    Free memory is given back first, and the kernel's mark of the peak is set back.
    """
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")
    before = resident("VmRSS")
    work()
    return resident("VmHWM") - before


def resident(key: str) -> int:
    """``VmRSS``, what the process holds in memory, or ``VmHWM``, the most it held, in bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith(key))


def elsewhere(*arguments: str) -> str:
    """The last line that this program prints when it runs in a fresh process with these arguments."""
    command = [sys.executable, sys.argv[0], *arguments]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout.splitlines()[-1]
