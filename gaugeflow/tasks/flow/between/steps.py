"""Layers from each t of the updates to the next, learned before the first sample."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated

import torch
from pydantic import Field
from torch import nn

from gaugeflow.flows import GaugeFlow, StoutStep, learned_layers
from gaugeflow.lattice.action import Action
from gaugeflow.runs import Section
from gaugeflow.tasks.flow.base import Equilibrium
from gaugeflow.tasks.flow.between.updates import UpdatesConfig

__all__ = ["StepsConfig"]


class StepsConfig(Section):
    """A stout smearing of the links about the defect, or of all for a `scale`, before the updates at each t.

    The few coefficients of each are learned one after another, by the variance of its work.
    """

    samples: Annotated[int, Field(ge=2)] = 32
    """Fields that each layer is learned on."""

    def layers(
        self, shape: tuple[int, ...], action: Action, base: Equilibrium, updates: UpdatesConfig
    ) -> list[nn.Module]:
        """Layers that do nothing yet. Raises UserError for an action whose loops pass a link twice."""
        path = base.path(action)
        return [StoutStep(shape, path(t), path(later)) for t, later in pairwise(_times(updates))]

    def prepare(self, flow: GaugeFlow, base: Equilibrium, updates: UpdatesConfig, generator: torch.Generator) -> None:
        """Learns their coefficients in place."""
        path, make = base.path(flow.action), updates.maker(base)
        found = learned_layers(flow.q0, path, _times(updates), make, self.samples, generator, updates.count)
        for layer, learned in zip(flow.flows, found, strict=True):
            layer.load_state_dict(learned.state_dict())


def _times(updates: UpdatesConfig) -> Sequence[float]:
    assert updates.linear is not None  # the configuration has been refused without it
    return [0.0, *updates.linear.times, 1.0]
