"""The bandwidth of the machine, which the rows of a benchmark are read beside."""

import time
from typing import Any

import torch

__all__ = ["copy_row"]

COPY_BYTES = 1 << 29


def copy_row(device: torch.device | str = "cpu", repeats: int = 5) -> dict[str, Any]:
    """A copy of 512 MB: bytes read and written per second, the shortest of several times after one that warms up."""
    device = torch.device(device)
    source = torch.ones(COPY_BYTES // 8, dtype=torch.float64, device=device)
    target, times = torch.empty_like(source), []
    for _ in range(repeats + 1):
        synchronize(device)
        start = time.perf_counter()
        target.copy_(source)
        synchronize(device)
        times.append(time.perf_counter() - start)
    bandwidth = 2 * COPY_BYTES / min(times[1:])
    row = {"op": "copy", "group": "", "shape": [COPY_BYTES // 8], "dtype": "float64", "backend": device.type}
    return row | {"per_second": bandwidth / 16, "bytes": bandwidth}


def synchronize(device: torch.device | str) -> None:
    """Waits for what the device has still to do."""
    if torch.device(device).type == "cuda":
        torch.cuda.synchronize(device)
