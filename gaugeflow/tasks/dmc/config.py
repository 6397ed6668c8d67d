"""The configuration of the task `dmc`."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from gaugeflow.runs import Count, Number, Positive, RunConfig
from gaugeflow.runs.opening.shipped import RunPath
from gaugeflow.tasks.keys import Dtype
from gaugeflow.tasks.vmc.systems import SystemConfig

__all__ = ["DMCConfig"]


FEWEST = 5
"""Walkers of a population."""


class DMCConfig(RunConfig):
    """Fixed-node diffusion Monte Carlo: the lowest energy that the nodes of a trained wavefunction allow."""

    task: Literal["dmc"]
    init_from: RunPath
    """The trial: a run directory of the task `vmc`, from the folder of this file, or a shipped run."""
    system: SystemConfig
    """The particles and what holds them, as in the trial's run."""
    walkers: Annotated[int, Field(ge=10)] = 512
    """Walkers of each time step, all processes together."""
    populations: Annotated[int, Field(ge=2)] = 16
    """Independent populations of each time step, which share its walkers; the spread of their energies is the error."""
    time_steps: Annotated[list[Positive], Field(min_length=3)]
    """Three or more time steps in 1/hartree; the energy is extrapolated to zero from them."""
    degree: Annotated[int, Field(ge=1, le=2)] = 1
    """Degree of the polynomial in the time step; 2 needs four time steps."""
    warmup: Annotated[int, Field(ge=0)] = 50
    """Updates with the moves of the trial's run, in front of the first generation, by which walkers sample psi^2."""
    equilibration: Positive = 10.0
    """Imaginary time in 1/hartree until a population is measured."""
    generations: Annotated[int, Field(ge=5)]
    """Measured generations of the smallest time step; the populations of larger ones, which equilibrate in fewer
    generations, have more."""
    memory: Annotated[Number, Field(ge=0)] = 10.0
    """Imaginary time in 1/hartree of which the weights of whole populations are kept, against the bias of their fixed
    size; zero keeps none."""
    dtype: Dtype = "float64"
    """Precision of the trial's network, in whichever it was trained; all else is float64."""
    chunk_size: Count | None = None
    """Walkers whose local energy is found at a time; fewer need less memory."""

    @model_validator(mode="after")
    def _enough_time_steps(self) -> Self:
        different = len({*self.time_steps})
        if different < len(self.time_steps):
            raise ValueError(f"time_steps: expected each once, came {self.time_steps}")
        if different < self.degree + 2:
            raise ValueError(f"time_steps: expected {self.degree + 2} or more for degree {self.degree}")
        return self

    @model_validator(mode="after")
    def _equal_populations(self) -> Self:
        if self.walkers % self.populations or self.walkers < FEWEST * self.populations:
            raise ValueError(
                f"walkers: expected a multiple of populations, at least {FEWEST} for each of the {self.populations}, "
                f"came {self.walkers}"
            )
        return self
