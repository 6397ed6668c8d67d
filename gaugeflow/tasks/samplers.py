"""The `sampler` section of a configuration: one class for each Markov move, chosen by its `name`."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from gaugeflow.errors import UserError
from gaugeflow.lattice.action import Action
from gaugeflow.lattice.loop_action import LoopAction, is_loop_sum
from gaugeflow.lattice.profiles.defect import Defect
from gaugeflow.montecarlo import HMC, ExactSampler, HeatBath, Replicas, Sampler, Winding
from gaugeflow.runs import Count, Number, Positive, Section

__all__ = [
    "ExactConfig",
    "HMCConfig",
    "HeatBathConfig",
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

    def build(self, action: Action) -> Sampler:
        """The sampler. Raises UserError if the action is not made of loops."""
        return HeatBath(action, overrelaxation=self.overrelaxation)  # type: ignore[arg-type]


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


class DefectConfig(Section):
    """Links that are weaker, along one axis and within a cube of the others."""

    length: Count
    """Sites of the cube along each axis; in two dimensions it is a line."""
    axis: Annotated[int, Field(ge=0)] = 0
    """The axis that the links lead along, 0 for x."""
    strength: Annotated[Number, Field(ge=0, lt=1)] = 0.0
    """The factor of these links in the last replica."""


class TemperingConfig(Section):
    """Replicas from the target's action to an easier one, which change places; one update of all makes one update.

    The easier action has a `defect` (PTBC), or a smaller coupling, `scale` times the target's.
    """

    name: Literal["tempering"]
    within: Local
    """The Markov move of each replica."""
    replicas: Annotated[int, Field(ge=2)]
    """How many, the target's among them."""
    defect: DefectConfig | None = None
    """The defect of the last replica; those between have weaker ones, tuned in the warm-up."""
    scale: Positive | None = None
    """The factor of the action in the last replica."""
    nested: list[Annotated[int, Field(ge=0)]] = Field(default_factory=list)
    """Distances from the defect: for each a heat-bath sweep of the links within it and more swaps."""

    @model_validator(mode="after")
    def _one_path(self) -> Self:
        if (self.defect is None) == (self.scale is None):
            raise ValueError("tempering: expected either `defect` or `scale`")
        if self.nested and self.defect is None:
            raise ValueError("tempering: nested: expected a defect to be near to, came `scale`")
        return self

    def build(self, action: Action) -> Sampler:
        """The sampler. Raises UserError if the action is not made of loops, or not the same everywhere."""
        if not is_loop_sum(action):
            raise UserError(f"tempering: expected an action made of Wilson loops, got {type(action).__name__}")
        if self.defect is not None and action.profile is not None:
            raise UserError("tempering: expected boundary: periodic beside a defect, got open")
        regions = [Defect(self.defect.length, 0.0, self.defect.axis).around(k) for k in self.nested if self.defect]

        def path(t: float) -> LoopAction:
            if self.scale is not None:
                return action.scaled(1 + t * (self.scale - 1))
            defect = self.defect or DefectConfig(length=1)
            return action.weighted(Defect(defect.length, 1 - t * (1 - defect.strength), defect.axis) if t else None)

        return Replicas(path, self.within.build, self.replicas, regions, translate=self.defect is not None)


SamplerConfig = ExactConfig | HeatBathConfig | HMCConfig | TemperingConfig | WindingConfig
