"""What is found about one property: a verdict, how large the error is and where, how small a case shows it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

__all__ = ["Finding", "LayerError", "Verdict", "WorstCase", "upper_bound"]


class Verdict(Enum):
    """The possible outcomes; only `HOLDS` is a pass."""

    HOLDS = "holds"
    BROKEN = "broken"
    RAISED = "raised an exception"
    NOT_FINITE = "returned NaN or infinity"
    WRONG_SHAPE = "returned another shape"
    WRONG_TYPE = "returned another type"
    RANDOM = "random from call to call"
    CONSTANT = "trivially constant"
    MIXES_BATCH = "mixes the entries of the batch"
    CHAOTIC = "amplifies rounding to the size of the output"
    VACUOUS = "vacuous, the group moves nothing in the example"

    @property
    def could_run(self) -> bool:
        """Whether the function could be judged at all; what raises or is random is neither held nor broken."""
        return self is Verdict.HOLDS or self.is_fault

    @property
    def is_fault(self) -> bool:
        """Whether it is the function that is at fault, which the exit code 1 says."""
        return self in (Verdict.BROKEN, Verdict.NOT_FINITE, Verdict.CONSTANT, Verdict.MIXES_BATCH)


@dataclass(frozen=True)
class LayerError:
    """One call of a layer: its own error (exactly transformed input), and the one it inherited with its input.

    None stands for an error that has no meaning, because the input or output transforms in no known way.
    """

    layer: str
    kind: str
    own: float | None
    inherited: float | None
    reading: str

    def to_dict(self) -> dict[str, Any]:
        return vars(self).copy()


@dataclass(frozen=True)
class WorstCase:
    """The trial with the largest error: how to draw it again, the group element and the input themselves."""

    seed: int
    trial: int
    element: dict[str, Any]
    input: str
    x: Any = field(repr=False, default=None)
    g: Any = field(repr=False, default=None)

    def to_dict(self) -> dict[str, Any]:
        return {"seed": self.seed, "trial": self.trial, "element": self.element, "input": self.input}


@dataclass(frozen=True)
class Finding:
    """One property of one function. Errors are in units of the output's scale, by the name of the dtype.

    Nothing holds by an error that is no number: such a finding is made `NOT_FINITE`, whoever made it.
    """

    claim: str
    verdict: Verdict
    message: str
    trials: int = 0
    failures: int = 0
    largest: dict[str, float] = field(default_factory=dict)
    typical: dict[str, float] = field(default_factory=dict)
    allowed: float | None = None
    scale: float | None = None
    worst: WorstCase | None = None
    smallest: dict[str, int] = field(default_factory=dict)
    broken_at: str | None = None
    layers: tuple[LayerError, ...] = ()
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        measured = (*self.largest.values(), *self.typical.values())
        if self.verdict is Verdict.HOLDS and not all(map(math.isfinite, measured)):
            object.__setattr__(self, "verdict", Verdict.NOT_FINITE)

    @property
    def largest_error(self) -> float:
        """The largest error in any precision."""
        return max(self.largest.values(), default=0.0)

    @property
    def errors(self) -> str:
        """The largest errors in words."""
        return ", ".join(f"{error:.1e} in {dtype}" for dtype, error in self.largest.items())

    @property
    def failure_rate_bound(self) -> float | None:
        """The 95 % upper bound on the rate of failing trials, given that none failed."""
        return upper_bound(self.trials) if self.verdict is Verdict.HOLDS and self.trials else None

    def to_dict(self) -> dict[str, Any]:
        return {
            "property": self.claim,
            "verdict": self.verdict.value,
            "holds": self.verdict is Verdict.HOLDS,
            "message": self.message,
            "trials": self.trials,
            "failures": self.failures,
            "failure_rate_bound": self.failure_rate_bound,
            "largest_error": self.largest,
            "typical_error": self.typical,
            "allowed_error": self.allowed,
            "scale": self.scale,
            "worst": self.worst.to_dict() if self.worst else None,
            "smallest": self.smallest,
            "broken_at": self.broken_at,
            "layers": [layer.to_dict() for layer in self.layers],
            "notes": list(self.notes),
        }


def upper_bound(trials: int) -> float:
    """The 95 % upper bound on the failure rate after `trials` independent trials without a failure."""
    return 1.0 if trials == 0 else 1 - math.pow(0.05, 1 / trials)
