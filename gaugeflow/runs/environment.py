"""What a run ran on: versions, commit, device, seed and threads, for `environment.json`."""

import platform
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

import gaugeflow

__all__ = ["commit", "environment"]

PACKAGES = ("torch", "numpy", "numba", "h5py", "pyerrors", "mpmath", "normflows")


def environment(seed: int, device: str) -> dict[str, Any]:
    """Plain values that describe this process; `commit` is None where the package is not a git checkout."""
    return {
        "gaugeflow": gaugeflow.__version__,
        "commit": commit(),
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in PACKAGES},
        "device": device,
        "device_name": torch.cuda.get_device_name(device) if device.startswith("cuda") else _processor(),
        "seed": seed,
        "threads": torch.get_num_threads(),
        "command": sys.argv,
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def commit() -> str | None:
    """The commit of the checkout the package was imported from, with "+changes" if its files differ from it."""
    package = Path(gaugeflow.__file__).parent
    # an installed copy may lie inside someone else's repository: ask whether this very file is tracked
    if _git(package, "ls-files", "--error-unmatch", "__init__.py") is None:
        return None
    head = _git(package, "rev-parse", "HEAD")
    return f"{head}+changes" if _git(package, "status", "--porcelain", "--", ".") else head


def _git(directory: Path, *arguments: str) -> str | None:
    try:
        answer = subprocess.run(
            ["git", "-C", str(directory), *arguments], capture_output=True, text=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip()


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor())
