"""The closed form beside what a run has measured."""

from collections.abc import Sequence
from typing import Protocol

from gaugeflow.lattice.exact import Exact2D
from gaugeflow.tasks.actions import ActionConfig
from gaugeflow.tasks.observables import NO_VALUE

__all__ = ["exact_or_reason", "exact_solution"]


class GaugeTheory(Protocol):
    """The part of a configuration that decides."""

    @property
    def group(self) -> str | None: ...
    @property
    def shape(self) -> Sequence[int]: ...
    @property
    def action(self) -> ActionConfig: ...


def exact_solution(theory: GaugeTheory) -> Exact2D | None:
    """The closed form that serves this run: Wilson's action in two dimensions, where every plaquette has time.

    None where it cannot be evaluated.
    """
    return exact_or_reason(theory)[0]


def exact_or_reason(theory: GaugeTheory) -> tuple[Exact2D | None, str]:
    """The closed form, or None with what keeps it from being evaluated; nothing where there is none."""
    action, shape = theory.action, theory.shape
    if action.name != "wilson" or len(shape) != 2:
        return None, ""
    if action.boundary != "periodic":
        return None, "the closed form is that of a periodic lattice"
    solution = Exact2D(str(theory.group), (shape[0], shape[1]), action.beta * action.xi)
    try:
        _ = solution.plaquette, solution.log_z
    except NO_VALUE as error:
        return None, str(error)
    return solution, ""
