"""What numbers were measured on, and when."""

import os
import platform
from datetime import date
from pathlib import Path
from typing import Any

import torch

__all__ = ["machine", "processor"]


def machine(device: torch.device | str = "cpu") -> dict[str, Any]:
    """Name of the device, the date, threads and cores, version of torch, and how busy the machine was when asked."""
    return {
        "machine": torch.cuda.get_device_name(device) if torch.device(device).type == "cuda" else processor(),
        "date": date.today().isoformat(),
        "threads": torch.get_num_threads(),
        "cores": os.cpu_count(),
        "torch": torch.__version__,
        "load": os.getloadavg()[0],
    }


def processor() -> str:
    """The name of the processor."""
    information = Path("/proc/cpuinfo")
    lines = information.read_text().splitlines() if information.exists() else []
    names = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())
