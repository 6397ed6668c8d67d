"""Monte Carlo updates at one place between the layers."""

from collections.abc import Callable
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from gaugeflow.errors import UserError
from gaugeflow.flows import Bridge, EquilibriumBase, GaugeFlow, HaarBase, ScaledAction, Updates
from gaugeflow.flows.bases.base import Base
from gaugeflow.lattice.action import Action
from gaugeflow.lattice.loop_action import is_loop_sum
from gaugeflow.montecarlo import Sampler
from gaugeflow.runs import Count, Number, Section
from gaugeflow.tasks.flow.base import Equilibrium
from gaugeflow.tasks.flow.between.schedules import ConstantSpeed, LearnedTimes, LinearTimes, Pilot
from gaugeflow.tasks.samplers import HeatBathConfig, HMCConfig

__all__ = ["UpdatesConfig"]

TO_EQUILIBRIUM = 30
"""Updates before a pilot run that begins neither at Haar measure nor in equilibrium."""


class UpdatesConfig(Section):
    """Monte Carlo updates at several t, at one place between the layers.

    At t they keep the `density` named: `bridge` is `q^(1-t) exp(-t S)` with q the density of the layers so far, from
    the flow at 0 to the target at 1, for `hmc` alone; `target` is `exp(-t S)` itself, also for `heatbath`, and suits
    layers that were made for that; `path` leads from the action of a `base` in equilibrium at 0 to the target at 1.
    The step size of `hmc` stays as it is given.
    """

    after: Annotated[int, Field(ge=0)] | None = None
    """The number of layers before these updates; by default all."""
    times: Annotated[list[Annotated[Number, Field(gt=0, le=1)]], Field(min_length=1)] | None = None
    """The values of t in (0, 1], one after the other."""
    linear: LinearTimes | None = None
    """Equal steps instead."""
    constant_speed: ConstantSpeed | None = None
    """Steps of equal spread instead, for `density: target` or `path`."""
    learned: LearnedTimes | None = None
    """Learned steps instead, for `density: target` or `path`."""
    density: Literal["bridge", "target", "path"] = "bridge"
    """What the updates keep invariant."""
    sampler: Annotated[HeatBathConfig | HMCConfig, Field(discriminator="name")]
    """The Markov move."""
    near: Annotated[int, Field(ge=0)] | None = None
    """The distance from the defect of the base up to which links are updated, by `heatbath`; by default all are."""
    count: Count = 1
    """Updates at each t."""

    @model_validator(mode="after")
    def _one_schedule(self) -> Self:
        schedules = (self.times, self.linear, self.constant_speed, self.learned)
        if sum(schedule is not None for schedule in schedules) != 1:
            raise ValueError("updates: expected either `times` or `linear` or `constant_speed` or `learned`")
        name = "learned" if self.learned else "constant_speed"
        if self._piloted is not None and self.density == "bridge":
            raise ValueError(f"updates: {name}: expected density: target or path, whose pilot run needs no layers")
        counted = self._piloted or self.linear
        if self.density == "path" and counted is not None and counted.start:
            raise ValueError(f"updates: start: the base of a path is at 0, came {counted.start:g}")
        return self

    @model_validator(mode="after")
    def _near_what(self) -> Self:
        if self.near is not None and (self.density != "path" or self.sampler.name != "heatbath"):
            raise ValueError("updates: near: expected density: path, with a defect in the base, and a heatbath")
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

    def build(self, flow: GaugeFlow, base: Equilibrium | None = None) -> list[Updates]:
        """One entry for each time. Raises UserError where the sampler does not serve the density."""
        if self.density == "bridge" and self.sampler.name == "heatbath":
            raise UserError("stochastic: the heat bath serves density: target or path only; expected hmc for a bridge")
        path, make = self.path(flow, base), self.maker(base)
        return [Updates(make(kept), kept, self.count) for kept in map(path, self.schedule(flow, base))]

    def path(self, flow: GaugeFlow, base: Equilibrium | None) -> Callable[[float], Action]:
        """What is kept at t."""
        if self.density == "path":
            assert base is not None  # the configuration has been refused without one
            return base.path(flow.action)
        if self.density == "target":
            return lambda t: _scaled(flow.action, t)
        before = GaugeFlow(flow.q0, list(flow.flows)[: self.after])
        return lambda t: Bridge(before, flow.action, t)

    def maker(self, base: Equilibrium | None) -> Callable[[Action], Sampler]:
        """What makes the sampler of an action."""
        sampler = self.sampler
        if self.near is None or base is None or base.defect is None or sampler.name != "heatbath":
            return sampler.build
        region = base.defect.closed(0.0).around(self.near)
        return lambda action: sampler.build(action, region)

    def schedule(self, flow: GaugeFlow, base: Equilibrium | None = None) -> list[float]:
        """All values of t. Raises UserError for scalars with a pilot run, which have no start here."""
        if self._piloted is None:
            return self.linear.times if self.linear is not None else self.times or []
        path = self.path(flow, base)
        return self._piloted.places(Pilot(self._start(flow, path), path, self.maker(base), self.count))

    def _start(self, flow: GaugeFlow, path: Callable[[float], Action]) -> Base:
        """Where the pilot run begins, without the layers."""
        assert self._piloted is not None  # it is what the start is for
        if self.density == "path":
            return flow.q0
        group, start = getattr(flow.q0, "group", None), self._piloted.start
        if group is None:
            raise UserError("stochastic: schedule: expected links, whose pilot run begins at random ones")
        if not start:
            return HaarBase(group, flow.q0.shape)
        first = path(start)
        return EquilibriumBase(group, flow.q0.shape, self.sampler.build(first), first, TO_EQUILIBRIUM)


def _scaled(action: Action, factor: float) -> Action:
    """A sum of loops stays one, for the kernels and the heat bath."""
    return action.scaled(factor) if is_loop_sum(action) else ScaledAction(action, factor)
