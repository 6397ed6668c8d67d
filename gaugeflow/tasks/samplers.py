"""The `sampler` section of a configuration: one class for each Markov move, chosen by its `name`."""

from typing import Annotated, Literal

from pydantic import Field

from gaugeflow.lattice.action import Action
from gaugeflow.montecarlo import HMC, ExactSampler, HeatBath, Sampler
from gaugeflow.runs import Positive, Section

__all__ = ["ExactConfig", "HMCConfig", "HeatBathConfig", "SamplerConfig"]


class HeatBathConfig(Section):
    """One heat-bath sweep, perhaps with overrelaxation sweeps, makes one update."""

    name: Literal["heatbath"]
    overrelaxation: Annotated[int, Field(ge=0)] = 0
    """Overrelaxation sweeps after each heat-bath sweep."""

    def build(self, action: Action) -> Sampler:
        """The sampler. Raises UserError if the action is not made of loops."""
        return HeatBath(action, overrelaxation=self.overrelaxation)  # type: ignore[arg-type]


class HMCConfig(Section):
    """Hybrid Monte Carlo: one trajectory makes one update."""

    name: Literal["hmc"]
    integrator: Literal["leapfrog", "omelyan2", "omelyan4"] = "omelyan2"
    """The integrator of a trajectory."""
    length: Positive = 1.0
    """Molecular-dynamics time of a trajectory."""
    step_size: Positive = 0.1
    """Time of one integration step at the start; the warm-up tunes it."""
    target_acceptance: Annotated[Positive, Field(lt=1)] = 0.8
    """The acceptance that the warm-up aims at."""

    def build(self, action: Action) -> Sampler:
        """The sampler."""
        return HMC(action, **self.model_dump(exclude={"name"}))


class ExactConfig(Section):
    """Independent configurations of Wilson's action in two dimensions; the warm-up may be 0."""

    name: Literal["exact"]

    def build(self, action: Action) -> Sampler:
        """The sampler. Raises UserError for another action."""
        return ExactSampler(action)  # type: ignore[arg-type]


SamplerConfig = Annotated[ExactConfig | HeatBathConfig | HMCConfig, Field(discriminator="name")]
