"""The `stochastic` section of a configuration: Monte Carlo updates between and after the layers of a trained flow."""

from collections.abc import Sequence
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from gaugeflow.errors import UserError
from gaugeflow.flows import Bridge, GaugeFlow, Resampled, ScaledAction, StochasticFlow, Updates, linear_times
from gaugeflow.lattice.action import Action
from gaugeflow.lattice.loop_action import is_loop_sum
from gaugeflow.runs import Count, Number, Section
from gaugeflow.tasks.samplers import HeatBathConfig, HMCConfig

__all__ = ["LinearTimes", "ResamplingConfig", "StochasticConfig", "UpdatesConfig"]


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
    density: Literal["bridge", "target"] = "bridge"
    """What the updates keep invariant."""
    sampler: Annotated[HeatBathConfig | HMCConfig, Field(discriminator="name")]
    """The Markov move."""
    count: Count = 1
    """Updates at each t."""

    @model_validator(mode="after")
    def _one_schedule(self) -> Self:
        if (self.times is None) == (self.linear is None):
            raise ValueError("updates: expected either `times` or `linear`")
        return self

    @property
    def places(self) -> list[float]:
        """All values of t."""
        return self.linear.times if self.linear is not None else self.times or []

    def build(self, flow: GaugeFlow) -> list[Updates]:
        """One entry for each time. Raises UserError where the sampler does not serve the density."""
        if self.density == "bridge" and self.sampler.name == "heatbath":
            raise UserError("stochastic: the heat bath serves density: target only; expected hmc for a bridge")
        before = GaugeFlow(flow.q0, list(flow.flows)[: self.after])
        made = []
        for t in self.places:
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
        return population * sum(len(entry.places) * entry.count for entry in self.updates)

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
