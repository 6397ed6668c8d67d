"""The whole section: updates in their order, layers between these, resampling before them."""

from collections.abc import Sequence
from typing import Annotated, Self

import torch
from pydantic import Field, model_validator
from torch import nn

from gaugeflow.flows import GaugeFlow, Resampled, StochasticFlow, Updates
from gaugeflow.lattice.action import Action
from gaugeflow.runs import Number, Section
from gaugeflow.tasks.flow.base import Equilibrium
from gaugeflow.tasks.flow.between.steps import StepsConfig
from gaugeflow.tasks.flow.between.updates import UpdatesConfig

__all__ = ["StochasticConfig"]


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
    steps: StepsConfig | None = None
    """Layers from each t to the next, for updates along a `path` in equal steps; by default none."""
    resample: ResamplingConfig | None = None
    """Resampling before updates; by default none."""

    @model_validator(mode="after")
    def _steps_of_one_path(self) -> Self:
        first = self.updates[0]
        alone = len(self.updates) == 1 and first.after is None
        if self.steps is not None and not (alone and first.density == "path" and first.linear is not None):
            raise ValueError("stochastic: steps: expected one entry of updates, with density: path and linear")
        return self

    @property
    def count(self) -> int:
        """Updates of each field, of all evolutions of which it comes."""
        population = 1 if self.resample is None else self.resample.population
        return population * sum(entry.places * entry.count for entry in self.updates)

    def layers(self, shape: tuple[int, ...], action: Action, base: Equilibrium | None) -> list[nn.Module]:
        """The layers between the updates, which do nothing yet."""
        if self.steps is None or base is None:
            return []
        return self.steps.layers(shape, action, base, self.updates[0])

    def prepare(self, flow: GaugeFlow, base: Equilibrium | None, generator: torch.Generator) -> None:
        """Learns these layers, in place."""
        if self.steps is not None and base is not None:
            self.steps.prepare(flow, base, self.updates[0], generator)

    def build(self, flow: GaugeFlow, base: Equilibrium | None = None) -> StochasticFlow:
        """The layers with the updates between them. Raises UserError for updates beyond the last layer."""
        places: dict[int, list[Updates]] = {}
        for entry in self.updates:
            made = entry.build(flow, base)
            if self.steps is not None:
                places = {place: [updates] for place, updates in enumerate(made, start=1)}
                continue
            after = len(flow.flows) if entry.after is None else entry.after
            places.setdefault(after, []).extend(made)
        between: dict[int, Updates | Sequence[Updates]] = {place: tuple(made) for place, made in places.items()}
        if self.resample is None:
            return StochasticFlow(flow, between)
        return Resampled(flow, between, self.resample.below, self.resample.population)
