"""What a part of `on_gpu.py` found, on disk from its first line on."""

import json
import os
import platform
import time
from datetime import UTC, datetime
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from benchmarks.machine import processor

__all__ = ["Result", "write"]


def write(path: Path, content: dict[str, Any]) -> None:
    """A JSON file that is whole at every moment: written under another name, then renamed."""
    draft = path.with_suffix(".tmp")
    draft.write_text(json.dumps(content, indent=1) + "\n")
    os.replace(draft, path)


class Result:
    """The file of a part. Whatever is added to it is written at once, so that a part that is cut off keeps it.

    Args:
        path: the file.
        part: what was run: its name, what it does, its options.
    """

    def __init__(self, path: Path, part: dict[str, Any]) -> None:
        self._path, self._began = path, time.perf_counter()
        self.content: dict[str, Any] = part | {
            "status": "running",
            "why": "",
            "date": datetime.now(UTC).isoformat(timespec="seconds"),
            "machine": f"{processor()}, {os.cpu_count()} cores",
            "device": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
            "torch": torch.__version__,
            "cuda": torch.version.cuda,
            "triton": version("triton") if find_spec("triton") else None,
            "python": platform.python_version(),
            "seconds": 0.0,
            "checks": [],
            "rows": [],
            "aims": [],
        }
        self._write()

    def check(self, name: str, deviation: float, tolerance: float, reason: str) -> None:
        """Something that must hold: a deviation at most as large as its tolerance; NaN is none."""
        found = {"name": name, "deviation": deviation, "tolerance": tolerance, "reason": reason}
        self.content["checks"].append(found | {"passed": bool(deviation <= tolerance)})
        self._write()

    def rows(self, rows: list[dict[str, Any]]) -> None:
        """Measured numbers."""
        self.content["rows"] += rows
        self._write()

    def aim(self, name: str, aim: float, measured: float, unit: str, least: bool = True) -> None:
        """A number that was hoped for, at ``least`` or at most; missing it is no failure."""
        met = measured >= aim if least else measured <= aim
        self.content["aims"].append(
            {
                "name": name,
                "aim": aim,
                "measured": measured,
                "unit": unit,
                "at": "least" if least else "most",
                "met": met,
            }
        )
        self._write()

    def skip(self, why: str) -> None:
        """Nothing could be looked at, and why."""
        self._end("skipped", why)

    def finish(self) -> None:
        """Passed, if all checks did and there was at least one or a row."""
        checks = self.content["checks"]
        wrong = [check["name"] for check in checks if not check["passed"]]
        if self.content["status"] == "running":
            found = bool(checks or self.content["rows"])
            why = ", ".join(wrong) if found else "nothing was looked at"
            self._end("passed" if found and not wrong else "failed", why)

    def fail(self, why: str) -> None:
        """The part could not be done to its end."""
        self._end("failed", why)

    def _end(self, status: str, why: str) -> None:
        self.content |= {"status": status, "why": why}
        self._write()

    def _write(self) -> None:
        self.content["seconds"] = round(time.perf_counter() - self._began, 3)
        write(self._path, self.content)
