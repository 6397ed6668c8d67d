"""The path of a configuration from an easier action to the target: a defect that closes, or a coupling that grows."""

from collections.abc import Callable
from typing import Annotated, Self

from pydantic import Field, model_validator

from gaugeflow.errors import UserError
from gaugeflow.lattice.action import Action
from gaugeflow.lattice.loop_action import LoopAction, is_loop_sum
from gaugeflow.lattice.profiles.defect import Defect
from gaugeflow.runs import Count, Number, Positive, Section

__all__ = ["DefectConfig", "Easier"]


class DefectConfig(Section):
    """Links that are weaker, along one axis and within a cube of the others."""

    length: Count
    """Sites of the cube along each axis; in two dimensions it is a line."""
    axis: Annotated[int, Field(ge=0)] = 0
    """The axis that the links lead along, 0 for x."""
    strength: Annotated[Number, Field(ge=0, lt=1)] = 0.0
    """The factor of these links in the easiest action."""

    def closed(self, t: float) -> Defect:
        """From these links at 0 to links like all others at 1."""
        return Defect(self.length, 1 - (1 - t) * (1 - self.strength), self.axis)


class Easier(Section):
    """What begins with an easier action: that of the target with a `defect`, or `scale` times as large."""

    name: str
    """Which kind."""
    defect: DefectConfig | None = None
    """The defect of the easiest action; those between have weaker ones."""
    scale: Positive | None = None
    """The factor of the easiest action."""

    @model_validator(mode="after")
    def _one_path(self) -> Self:
        if (self.defect is None) == (self.scale is None):
            raise ValueError(f"{self.name}: expected either `defect` or `scale`")
        return self

    def path(self, action: Action) -> Callable[[float], LoopAction]:
        """From the easiest action at 0 to the target's at 1.

        Raises:
            UserError: an action that is not made of loops, or, for a defect, not the same everywhere.
        """
        if not is_loop_sum(action):
            raise UserError(f"{self.name}: expected an action made of Wilson loops, got {type(action).__name__}")
        if self.defect is None:
            scale = self.scale or 1.0
            return lambda t: action.scaled(1 + (1 - t) * (scale - 1))
        defect = self.defect
        if action.profile is not None:
            raise UserError(f"{self.name}: expected boundary: periodic beside a defect, got open")
        return lambda t: action.weighted(defect.closed(t) if t < 1 else None)
