"""All that a check says about one function."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

from gaugeflow.symmetry.reports.case import Case
from gaugeflow.symmetry.reports.findings import Finding, Verdict
from gaugeflow.symmetry.reports.text import finding_lines

__all__ = ["Report", "SymmetryBroken"]


class SymmetryBroken(AssertionError):
    """Raised by the assertions; the message is the report."""


@dataclass(frozen=True)
class Report:
    """All findings about one function; `report + other` joins two of them. `Report.made` counts those of a process."""

    name: str
    findings: tuple[Finding, ...]
    seconds: float = 0.0
    target: str = ""
    made: ClassVar[int] = 0

    def __post_init__(self) -> None:
        Report.made += 1

    @property
    def holds(self) -> bool:
        return all(finding.verdict is Verdict.HOLDS for finding in self.findings)

    @property
    def verdict(self) -> Verdict:
        """The first verdict that is not `HOLDS`."""
        return next((f.verdict for f in self.findings if f.verdict is not Verdict.HOLDS), Verdict.HOLDS)

    @property
    def exit_code(self) -> int:
        """0 holds, 1 broken, 2 could not be judged."""
        if self.holds:
            return 0
        return 1 if any(f.verdict.is_fault for f in self.findings) else 2

    def __add__(self, other: Report) -> Report:
        return replace(self, findings=self.findings + other.findings, seconds=self.seconds + other.seconds)

    @property
    def worst(self) -> Finding | None:
        """The first finding that fails and has a worst case, with an input and a group element."""
        return next((f for f in self.findings if f.verdict is not Verdict.HOLDS and f.worst and f.worst.g), None)

    def save(self, path: Path | str) -> None:
        """Write the worst case, with input, group element, seed and versions; `gaugeflow check --replay` and
        `gaugeflow.symmetry.replay` run it again. A `ValueError` where nothing has failed."""
        if self.worst is None:
            raise ValueError(f"{self.name}: expected a worst case to save, but none has failed")
        Case.of(self.name, self.worst, self.target).save(path)

    def __str__(self) -> str:
        lines = [f"{self.name}: {self.verdict.value} ({self.seconds:.2f} s)"]
        return "\n".join(lines + [line for finding in self.findings for line in finding_lines(finding)])

    def to_dict(self) -> dict[str, Any]:
        """The report in plain values, as `--json` prints it."""
        return {
            "name": self.name,
            "verdict": self.verdict.value,
            "holds": self.holds,
            "seconds": round(self.seconds, 3),
            "findings": [finding.to_dict() for finding in self.findings],
        }

    def require(self) -> Report:
        """The report itself if everything holds; `SymmetryBroken` with its text otherwise."""
        if not self.holds:
            raise SymmetryBroken(str(self))
        return self
