"""At which t updates are made: in equal steps, or in steps of equal spread of the work, by pilot runs."""

from collections.abc import Callable
from typing import Annotated, NamedTuple

import torch
from pydantic import Field

from gaugeflow.flows import constant_speed, learned_times, linear_times
from gaugeflow.flows.bases.base import Base
from gaugeflow.lattice.action import Action
from gaugeflow.montecarlo import Sampler
from gaugeflow.random import stream
from gaugeflow.runs import Number, Section

__all__ = ["ConstantSpeed", "LearnedTimes", "LinearTimes", "Pilot"]

PILOT_STEPS = 32
"""Of the run that measures the spread of the work."""


class LinearTimes(Section):
    """Equal steps to the target; updates stand at the ends of all but the last."""

    start: Annotated[Number, Field(ge=0, lt=1)] = 0.0
    """The t at which the fields before the updates are: 0 for Haar measure, 1/2 for layers made for half the action."""
    steps: Annotated[int, Field(ge=2)]
    """How many steps."""

    @property
    def times(self) -> list[float]:
        """Where updates are made."""
        return [self.start + (1 - self.start) * t for t in linear_times(self.steps)[1:-1]]


class Pilot(NamedTuple):
    """What a pilot run is made of."""

    base: Base
    """Where it begins."""
    path: Callable[[float], Action]
    """The action at each t, from that of the base at 0."""
    make: Callable[[Action], Sampler]
    """The sampler of an action."""
    updates: int
    """At each t."""


class ConstantSpeed(LinearTimes):
    """Steps with equal spreads of the work instead, by a pilot run of the same moves without the layers."""

    pilot: Annotated[int, Field(ge=2)] = 64
    """Fields of the pilot run."""

    def places(self, run: Pilot) -> list[float]:
        """Where updates are made, the same each time; the base stands at `start` on the path."""

        def rest(t: float) -> Action:
            return run.path(self.start + (1 - self.start) * t)

        times = self.found(run._replace(path=rest), stream("pilot", self.steps))
        return [self.start + (1 - self.start) * t for t in times[1:-1]]

    def found(self, run: Pilot, generator: torch.Generator) -> list[float]:
        """The times from 0 to 1 by the pilot run."""
        return constant_speed(
            run.base, run.path, linear_times(PILOT_STEPS), run.make, self.steps, self.pilot, generator
        )


class LearnedTimes(ConstantSpeed):
    """Steps of equal spread with fields that lag behind, as they do in so many steps.

    They are learned in several pilot runs of as many steps and updates, without the layers; the first has equal steps,
    and the times whose work varied least are taken.
    """

    rounds: Annotated[int, Field(ge=2)] = 4
    """Pilot runs."""

    def found(self, run: Pilot, generator: torch.Generator) -> list[float]:
        return learned_times(run.base, run.path, run.make, self.steps, self.pilot, generator, self.rounds, run.updates)
