"""The `stochastic` section of a configuration: Monte Carlo updates between and after the layers of a trained flow."""

from collections.abc import Callable, Sequence
from typing import Annotated, Literal, Self

import torch
from pydantic import Field, model_validator

from gaugeflow.errors import UserError
from gaugeflow.flows import (
    Bridge,
    EquilibriumBase,
    GaugeFlow,
    HaarBase,
    Resampled,
    ScaledAction,
    StochasticFlow,
    Updates,
    constant_speed,
    learned_times,
    linear_times,
)
from gaugeflow.flows.bases.base import Base
from gaugeflow.lattice.action import Action
from gaugeflow.lattice.loop_action import is_loop_sum
from gaugeflow.montecarlo import Sampler
from gaugeflow.random import stream
from gaugeflow.runs import Count, Number, Section
from gaugeflow.tasks.samplers import HeatBathConfig, HMCConfig

__all__ = ["ConstantSpeed", "LearnedTimes", "LinearTimes", "ResamplingConfig", "StochasticConfig", "UpdatesConfig"]

TO_EQUILIBRIUM, PILOT_STEPS = 30, 32
"""Updates before a pilot run that does not begin at Haar measure, and its steps."""


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


class ConstantSpeed(LinearTimes):
    """Steps with equal spreads of the work instead, by a pilot run of the same moves without the layers."""

    pilot: Annotated[int, Field(ge=2)] = 64
    """Fields of the pilot run."""

    def places(self, flow: GaugeFlow, make: Callable[[Action], Sampler], count: int) -> list[float]:
        """Where updates are made, the same each time. Raises UserError for scalars, which have no start here."""
        group = getattr(flow.q0, "group", None)
        if group is None:
            raise UserError("stochastic: schedule: expected links, whose pilot run begins at random ones")

        def path(t: float) -> Action:
            return _scaled(flow.action, self.start + (1 - self.start) * t)

        first, base = path(0.0), HaarBase(group, flow.q0.shape)
        if self.start:
            base = EquilibriumBase(group, flow.q0.shape, make(first), first, TO_EQUILIBRIUM)
        times = self.found(base, path, make, count, stream("pilot", self.steps))
        return [self.start + (1 - self.start) * t for t in times[1:-1]]

    def found(
        self,
        base: Base,
        path: Callable[[float], Action],
        make: Callable[[Action], Sampler],
        count: int,
        generator: torch.Generator,
    ) -> list[float]:
        """The times from 0 to 1 by the pilot run."""
        return constant_speed(base, path, linear_times(PILOT_STEPS), make, self.steps, self.pilot, generator)


class LearnedTimes(ConstantSpeed):
    """Steps of equal spread with fields that lag behind, as they do in so many steps.

    They are learned in several pilot runs of as many steps and updates, without the layers; the first has equal steps,
    and the times whose work varied least are taken.
    """

    rounds: Annotated[int, Field(ge=2)] = 4
    """Pilot runs."""

    def found(
        self,
        base: Base,
        path: Callable[[float], Action],
        make: Callable[[Action], Sampler],
        count: int,
        generator: torch.Generator,
    ) -> list[float]:
        return learned_times(base, path, make, self.steps, self.pilot, generator, self.rounds, count)


class UpdatesConfig(Section):
    """Monte Carlo updates at several t, at one place between the layers.

    At t they keep the `density` named: `bridge` is `q^(1-t) exp(-t S)` with q the density of the layers so far, from
    the flow at 0 to the target at 1, for `hmc` alone; `target` is `exp(-t S)` itself, also for `heatbath`, and suits
    layers that were made for that. The step size of `hmc` stays as it is given.
    """

    after: Annotated[int, Field(ge=0)] | None = None
    """The number of layers before these updates; by default all."""
    times: Annotated[list[Annotated[Number, Field(gt=0, le=1)]], Field(min_length=1)] | None = None
    """The values of t in (0, 1], one after the other."""
    linear: LinearTimes | None = None
    """Equal steps instead."""
    constant_speed: ConstantSpeed | None = None
    """Steps of equal spread instead, for `density: target`."""
    learned: LearnedTimes | None = None
    """Learned steps instead, for `density: target`."""
    density: Literal["bridge", "target"] = "bridge"
    """What the updates keep invariant."""
    sampler: Annotated[HeatBathConfig | HMCConfig, Field(discriminator="name")]
    """The Markov move."""
    count: Count = 1
    """Updates at each t."""

    @model_validator(mode="after")
    def _one_schedule(self) -> Self:
        schedules = (self.times, self.linear, self.constant_speed, self.learned)
        if sum(schedule is not None for schedule in schedules) != 1:
            raise ValueError("updates: expected either `times` or `linear` or `constant_speed` or `learned`")
        if self._piloted is not None and self.density != "target":
            name = "learned" if self.learned else "constant_speed"
            raise ValueError(f"updates: {name}: expected density: target, whose pilot run needs no layers")
        return self

    @property
    def _piloted(self) -> ConstantSpeed | None:
        """The schedule that a pilot run makes, if any."""
        return self.learned or self.constant_speed

    @property
    def places(self) -> int:
        """How many values of t there are."""
        counted = self.linear or self._piloted
        return len(self.times or []) if counted is None else counted.steps - 1

    def schedule(self, flow: GaugeFlow) -> list[float]:
        """All values of t."""
        if self._piloted is not None:
            return self._piloted.places(flow, self.sampler.build, self.count)
        return self.linear.times if self.linear is not None else self.times or []

    def build(self, flow: GaugeFlow) -> list[Updates]:
        """One entry for each time. Raises UserError where the sampler does not serve the density."""
        if self.density == "bridge" and self.sampler.name == "heatbath":
            raise UserError("stochastic: the heat bath serves density: target only; expected hmc for a bridge")
        before = GaugeFlow(flow.q0, list(flow.flows)[: self.after])
        made = []
        for t in self.schedule(flow):
            kept = _scaled(flow.action, t) if self.density == "target" else Bridge(before, flow.action, t)
            made.append(Updates(self.sampler.build(kept), kept, self.count))
        return made


class ResamplingConfig(Section):
    """Evolutions in populations: fields of small weight make room for those of large weight (sequential Monte Carlo).

    Of each population one field is taken, which has the mean weight of all: an estimate of Z without bias.
    """

    below: Annotated[Number, Field(gt=0, lt=1)] = 0.5
    """Share of effective samples below which a population is drawn anew."""
    population: Annotated[int, Field(ge=2)] = 16
    """Evolutions of which one field comes."""


class StochasticConfig(Section):
    """Monte Carlo updates between and after the layers."""

    updates: Annotated[list[UpdatesConfig], Field(min_length=1)]
    """The updates, in the order in which they are made."""
    resample: ResamplingConfig | None = None
    """Resampling before updates; by default none."""

    @property
    def count(self) -> int:
        """Updates of each field, of all evolutions of which it comes."""
        population = 1 if self.resample is None else self.resample.population
        return population * sum(entry.places * entry.count for entry in self.updates)

    def build(self, flow: GaugeFlow) -> StochasticFlow:
        """The layers with the updates between them. Raises UserError for updates beyond the last layer."""
        places: dict[int, list[Updates]] = {}
        for entry in self.updates:
            after = len(flow.flows) if entry.after is None else entry.after
            places.setdefault(after, []).extend(entry.build(flow))
        made: dict[int, Updates | Sequence[Updates]] = {place: tuple(updates) for place, updates in places.items()}
        if self.resample is None:
            return StochasticFlow(flow, made)
        return Resampled(flow, made, self.resample.below, self.resample.population)


def _scaled(action: Action, factor: float) -> Action:
    """A sum of loops stays one, for the kernels and the heat bath."""
    return action.scaled(factor) if is_loop_sum(action) else ScaledAction(action, factor)
