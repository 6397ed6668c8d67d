"""An identity that a wavefunction has to fulfil, what was found for it, and whether that is a contradiction."""

import math
from dataclasses import dataclass

from torch import Tensor

__all__ = ["ERRORS", "Identity", "absent", "found"]

ERRORS = 3.0
"""By how many errors a value may be off by chance."""
ROUNDING = 1e-6
"""What finite differences in float64 leave of a value of order one, where it has no variance."""


@dataclass(frozen=True)
class Identity:
    """A number that is known for a right state, and what a wavefunction has for it.

    Attributes:
        name: as it stands in a report.
        says: the identity in words or signs.
        value: what was found; None where the identity does not apply.
        error: one standard deviation.
        expected: the right value; None where the number is information, not a test.
        why: why it does not apply.
        variance: of the local quantity where a right state has none; None for others.
    """

    name: str
    says: str
    value: float | None = None
    error: float | None = None
    expected: float | None = None
    why: str = ""
    variance: float | None = None

    @property
    def deviation(self) -> float | None:
        """In errors, of which rounding is a part."""
        if self.value is None or self.expected is None or self.error is None:
            return None
        return (self.value - self.expected) / math.hypot(self.error, ROUNDING * max(1.0, abs(self.expected)))

    @property
    def fails(self) -> bool:
        """Off by more than `ERRORS` errors, or no number at all."""
        if self.value is not None and not math.isfinite(self.value):
            return True
        return self.deviation is not None and not abs(self.deviation) <= ERRORS


def absent(name: str, says: str, why: str) -> Identity:
    """One that does not apply."""
    return Identity(name, says, why=why)


def found(name: str, says: str, local: Tensor, expected: float | None, *, pure: bool = False) -> Identity:
    """From local values ``(steps, walkers)``: each walker is a chain of its own, so that the spread of their means
    gives the error whatever the correlation in time. `pure`: a right state has no variance."""
    means = local.double().mean(0)
    error = float(means.std()) / math.sqrt(len(means)) if len(means) > 1 else math.inf
    variance = float(local.double().var()) if pure else None
    return Identity(name, says, float(means.mean()), error, expected, variance=variance)
