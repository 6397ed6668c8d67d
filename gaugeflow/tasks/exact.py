"""The closed form beside what a run has measured."""

from collections.abc import Sequence
from typing import Protocol

from gaugeflow.lattice.exact import Exact2D
from gaugeflow.tasks.actions import ActionConfig

__all__ = ["exact_solution"]


class GaugeTheory(Protocol):
    """The part of a configuration that decides."""

    @property
    def group(self) -> str | None: ...
    @property
    def shape(self) -> Sequence[int]: ...
    @property
    def action(self) -> ActionConfig: ...


def exact_solution(theory: GaugeTheory) -> Exact2D | None:
    """The closed form that serves this run: Wilson's action in two dimensions, where every plaquette has time."""
    action, shape = theory.action, theory.shape
    if action.name != "wilson" or len(shape) != 2 or action.beta <= 0:
        return None
    return Exact2D(str(theory.group), (shape[0], shape[1]), action.beta * action.xi)
