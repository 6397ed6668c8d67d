"""The `stochastic` section of a configuration: Monte Carlo updates between and after the layers of a trained flow."""

from typing import Annotated, Literal

from pydantic import Field

from gaugeflow.errors import UserError
from gaugeflow.flows import Bridge, GaugeFlow, ScaledAction, StochasticFlow, Updates
from gaugeflow.lattice.action import Action
from gaugeflow.lattice.loop_action import is_loop_sum
from gaugeflow.runs import Count, Number, Section
from gaugeflow.tasks.samplers import HeatBathConfig, HMCConfig

__all__ = ["StochasticConfig", "UpdatesConfig"]


class UpdatesConfig(Section):
    """Monte Carlo updates at several t, at one place between the layers.

    At t they keep the `density` named: `bridge` is `q^(1-t) exp(-t S)` with q the density of the layers so far, from
    the flow at 0 to the target at 1, for `hmc` alone; `target` is `exp(-t S)` itself, also for `heatbath`, and suits
    layers that were made for that. The step size of `hmc` stays as it is given.
    """

    after: Annotated[int, Field(ge=0)] | None = None
    """The number of layers before these updates; by default all."""
    times: Annotated[list[Annotated[Number, Field(gt=0, le=1)]], Field(min_length=1)]
    """The values of t in (0, 1], one after the other."""
    density: Literal["bridge", "target"] = "bridge"
    """What the updates keep invariant."""
    sampler: Annotated[HeatBathConfig | HMCConfig, Field(discriminator="name")]
    """The Markov move."""
    count: Count = 1
    """Updates at each t."""

    def build(self, flow: GaugeFlow) -> list[Updates]:
        """One entry for each time. Raises UserError where the sampler does not serve the density."""
        if self.density == "bridge" and self.sampler.name == "heatbath":
            raise UserError("stochastic: the heat bath serves density: target only; expected hmc for a bridge")
        before = GaugeFlow(flow.q0, list(flow.flows)[: self.after])
        made = []
        for t in self.times:
            kept = _scaled(flow.action, t) if self.density == "target" else Bridge(before, flow.action, t)
            made.append(Updates(self.sampler.build(kept), kept, self.count))
        return made


class StochasticConfig(Section):
    """Monte Carlo updates between and after the layers."""

    updates: Annotated[list[UpdatesConfig], Field(min_length=1)]
    """The updates, in the order in which they are made."""

    @property
    def count(self) -> int:
        """Updates of each field."""
        return sum(len(entry.times) * entry.count for entry in self.updates)

    def build(self, flow: GaugeFlow) -> StochasticFlow:
        """The layers with the updates between them. Raises UserError for updates beyond the last layer."""
        places: dict[int, list[Updates]] = {}
        for entry in self.updates:
            after = len(flow.flows) if entry.after is None else entry.after
            places.setdefault(after, []).extend(entry.build(flow))
        return StochasticFlow(flow, {place: tuple(updates) for place, updates in places.items()})


def _scaled(action: Action, factor: float) -> Action:
    """A sum of loops stays one, for the kernels and the heat bath."""
    return action.scaled(factor) if is_loop_sum(action) else ScaledAction(action, factor)
