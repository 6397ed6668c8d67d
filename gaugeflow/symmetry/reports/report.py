"""All that a check says about one function."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gaugeflow.symmetry.reports.findings import Finding, Verdict
from gaugeflow.symmetry.reports.text import finding_lines

__all__ = ["Report", "SymmetryBroken"]


class SymmetryBroken(AssertionError):
    """Raised by the assertions; the message is the report."""


@dataclass(frozen=True)
class Report:
    """All findings about one function; `report + other` joins two of them."""

    name: str
    findings: tuple[Finding, ...]
    seconds: float = 0.0

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
        return Report(self.name, self.findings + other.findings, self.seconds + other.seconds)

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
