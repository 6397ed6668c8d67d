"""The `sampler` section of a configuration: one class for each Markov move, chosen by its `name`."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from gaugeflow.kernels import Region
from gaugeflow.lattice.action import Action
from gaugeflow.lattice.loop_action import LoopAction
from gaugeflow.montecarlo import HMC, ExactSampler, HeatBath, Replicas, Sampler, Winding
from gaugeflow.runs import Count, Positive, Section
from gaugeflow.tasks.paths import Easier

__all__ = [
    "ExactConfig",
    "HMCConfig",
    "HeatBathConfig",
    "Local",
    "SamplerConfig",
    "TemperingConfig",
    "Trajectories",
    "WindingConfig",
]


class HeatBathConfig(Section):
    """One heat-bath sweep, perhaps with overrelaxation sweeps, makes one update."""

    name: Literal["heatbath"]
    overrelaxation: Annotated[int, Field(ge=0)] = 0
    """Overrelaxation sweeps after each heat-bath sweep."""

    def build(self, action: Action, region: Region | None = None) -> Sampler:
        """The sampler, of all links or of a region. Raises UserError if the action is not made of loops."""
        return HeatBath(action, overrelaxation=self.overrelaxation, region=region)  # type: ignore[arg-type]


class Trajectories(Section):
    """What all kinds of hybrid Monte Carlo share."""

    integrator: Literal["leapfrog", "omelyan2", "omelyan4"] = "omelyan2"
    """The integrator of a trajectory."""
    length: Positive = 1.0
    """Molecular-dynamics time of a trajectory."""
    step_size: Positive = 0.1
    """Time of one integration step at the start; the warm-up tunes it."""
    target_acceptance: Annotated[Positive, Field(lt=1)] = 0.8
    """The acceptance that the warm-up aims at."""


class HMCConfig(Trajectories):
    """Hybrid Monte Carlo: one trajectory makes one update."""

    name: Literal["hmc"]

    def build(self, action: Action) -> Sampler:
        """The sampler."""
        return HMC(action, **self.model_dump(exclude={"name"}))


class ExactConfig(Section):
    """Independent configurations of Wilson's action in two dimensions; the warm-up may be 0."""

    name: Literal["exact"]

    def build(self, action: Action) -> Sampler:
        """The sampler. Raises UserError for another action."""
        return ExactSampler(action)  # type: ignore[arg-type]


Local = Annotated[HeatBathConfig | HMCConfig, Field(discriminator="name")]


class WindingConfig(Section):
    """Updates, then jumps by one unit of charge: U(1) in two dimensions."""

    name: Literal["winding"]
    within: Local
    """The Markov move before the jumps."""
    jumps: Count = 1
    """Jumps after each update."""

    def build(self, action: Action) -> Sampler:
        """The sampler."""
        return Winding(self.within.build(action), action, self.jumps)


class TemperingConfig(Easier):
    """Replicas from the target's action to an easier one, which change places; one update of all makes one update.

    The easier action has a `defect` (PTBC; the defects between are tuned in the warm-up), or a smaller coupling,
    `scale` times the target's.
    """

    name: Literal["tempering"]
    within: Local
    """The Markov move of each replica."""
    replicas: Annotated[int, Field(ge=2)]
    """How many, the target's among them."""
    nested: list[Annotated[int, Field(ge=0)]] = Field(default_factory=list)
    """Distances from the defect: for each a heat-bath sweep of the links within it and more swaps."""

    @model_validator(mode="after")
    def _near_what(self) -> Self:
        if self.nested and self.defect is None:
            raise ValueError("tempering: nested: expected a defect to be near to, came `scale`")
        return self

    def build(self, action: Action) -> Sampler:
        """The sampler. Raises UserError if the action is not made of loops, or not the same everywhere."""
        easier = self.path(action)
        regions = [self.defect.closed(0.0).around(k) for k in self.nested if self.defect]

        def path(t: float) -> LoopAction:
            return easier(1 - t)

        return Replicas(path, self.within.build, self.replicas, regions, translate=self.defect is not None)


SamplerConfig = ExactConfig | HeatBathConfig | HMCConfig | TemperingConfig | WindingConfig
