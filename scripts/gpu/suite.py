"""The tests of the suite that take a device, or need CUDA."""

import re
from pathlib import Path

import pytest

from .options import Options
from .results import Result

__all__ = ["run"]

ROOT = Path(__file__).resolve().parents[2]
OF_A_DEVICE = re.compile(r"def (test\w*)\([^)]*\bdevice\b")
NEEDS_CUDA = re.compile(r"torch\.cuda\.is_available\(\)")


class Outcomes:
    """A plugin of pytest that counts."""

    def __init__(self) -> None:
        self.passed, self.skipped = 0, 0
        self.failed: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.passed += report.when == "call" and report.passed
        self.skipped += report.skipped
        if report.failed:
            self.failed.append(report.nodeid)


def device_tests(folder: Path) -> list[str]:
    """The tests that take a device by name, and whole files that ask for CUDA; not those of the scripts."""
    found = []
    for path in sorted(set(folder.rglob("test_*.py")) - set((folder / "scripts").iterdir())):
        text = path.read_text()
        if NEEDS_CUDA.search(text):
            found.append(str(path))
        else:
            found += [f"{path}::{name}" for name in OF_A_DEVICE.findall(text)]
    return found


def run(result: Result, options: Options) -> None:
    """In both precisions on the device."""
    tests = device_tests(ROOT / "tests")
    for dtype in ("float64",) if options.rehearse else ("float64", "float32"):
        outcomes = Outcomes()
        device = "cpu" if options.rehearse else options.device
        pytest.main(["-q", "-p", "no:cacheprovider", f"--device={device}", f"--dtype={dtype}", *tests], [outcomes])
        counts = {"passed": outcomes.passed, "skipped": outcomes.skipped, "failed": outcomes.failed}
        result.rows([{"op": "tests", "dtype": dtype, "device": device, "tests": tests} | counts])
        unseen = 0 if outcomes.passed else 1
        result.check(f"tests {dtype}", float(len(outcomes.failed) + unseen), 0.0, "no test fails, one at least passes")
