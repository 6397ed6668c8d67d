"""The configuration of the task `vmc`."""

from dataclasses import replace
from typing import Annotated, Literal

from pydantic import Field

from gaugeflow.runs import Count, Number, Positive, RunConfig, Section
from gaugeflow.tasks.keys import Dtype
from gaugeflow.tasks.vmc.optimizers import OptimizerConfig
from gaugeflow.tasks.vmc.pretraining import PretrainingConfig
from gaugeflow.tasks.vmc.sectors import SectorSection
from gaugeflow.tasks.vmc.shells import DensitySection
from gaugeflow.tasks.vmc.sites.systems import HubbardConfig, ProductsConfig, TJConfig, TVConfig
from gaugeflow.tasks.vmc.systems import SystemConfig
from gaugeflow.tasks.vmc.wavefunctions import WavefunctionConfig
from gaugeflow.wavefunctions import Hamiltonian
from gaugeflow.wavefunctions.occupation.hamiltonians import SiteHamiltonian

__all__ = ["VMCConfig"]


class WalkerSection(Section):
    """Walkers: samples of electron coordinates, moved by Metropolis."""

    count: Count = 512
    """Walkers, all processes together."""
    move: Literal["all", "one", "langevin"] = "all"
    """What a move changes: all electrons, one of them, or all along the drift (`langevin`)."""
    width: Positive = 0.5
    """First width of a move in bohr; the warm-up tunes it."""
    steps: Count = 10
    """Moves from one local energy to the next."""
    jumps: Annotated[int, Field(ge=0)] = 2
    """How often between two local energies an electron is carried from one nucleus to another and two of opposite spin
    change places, where there are several nuclei. On sites, how often two sites exchange all that they have; the other
    moves are hops, and `move` and `width` have no meaning."""
    power: Annotated[Number, Field(ge=0, le=2)] = 2.0
    """Walkers have the density `|psi|^power` while it is trained, and weights that make `psi^2` of it; they are
    evaluated with `psi^2`. On sites the gradient has a part from configurations where psi is zero, which walkers of the
    density `psi^2` do not find: 1 or less does."""


class MetropolisConfig(Section):
    """A Markov chain of the moves of `walkers`."""

    name: Literal["metropolis"]


class EnumerateConfig(Section):
    """All configurations of fermions on few sites; the energy is evaluated over all of them, without an error."""

    name: Literal["enumerate"]
    most: Count = 100_000
    """The largest number of configurations."""
    train: Literal["drawn", "all"] = "drawn"
    """Whether the wavefunction is trained on independent walkers, or on all configurations with their shares of psi^2
    as weights; `all` takes one of those that `wavefunction.projection` makes alike."""


SamplerConfig = Annotated[MetropolisConfig | EnumerateConfig, Field(discriminator="name")]
AnySystem = Annotated[SystemConfig | HubbardConfig | TVConfig | TJConfig | ProductsConfig, Field(discriminator="name")]


class VMCConfig(RunConfig):
    """Variational Monte Carlo: train a wavefunction, then measure its energy with frozen parameters."""

    task: Literal["vmc"]
    system: AnySystem
    """The particles and what holds them, or the sites where they hop."""
    wavefunction: WavefunctionConfig
    """The ansatz and its network."""
    walkers: WalkerSection = WalkerSection()
    """The Markov chain that samples `|psi|^2`."""
    sampler: SamplerConfig = MetropolisConfig(name="metropolis")
    """How walkers are sampled: by a chain, or, on few sites, from all configurations."""
    pretraining: PretrainingConfig | None = None
    """Fits the orbitals to a mean field first; none starts from random weights."""
    optimizer: OptimizerConfig
    """What makes a change of the parameters."""
    dtype: Dtype = "float64"
    """Precision of the networks; linear algebra of the wavefunction is in float64."""
    warmup: Annotated[int, Field(ge=0)] = 50
    """Updates of the walkers before the first iteration."""
    iterations: Annotated[int, Field(ge=0)]
    """Changes of the parameters."""
    equilibration: Annotated[int, Field(ge=0)] = 50
    """Updates of new walkers with frozen parameters before the evaluation; they tune the width of the moves, which
    stands from then on. Zero goes on with the walkers of the training."""
    evaluation: Count | Literal["all"]
    """Local energies of each walker with frozen parameters, from which the energy is reported. `all` is for fermions on
    few sites, whose energy is the sum over all configurations, without an error; so is that of any number where
    `sampler` is `enumerate`."""
    clip: Positive = 5.0
    """Local energies of walkers in the gradient are limited to so many mean absolute deviations from the median. Sums
    over all configurations are not clipped."""
    laplacian: Literal["forward", "autograd"] = "forward"
    """How the kinetic energy is found: a forward Laplacian, or automatic differentiation as reference."""
    chunk_size: Count | None = None
    """Walkers whose local energy is found at a time; fewer need less memory."""
    max_failures: Annotated[int, Field(ge=0)] = 3
    """Iterations with numbers that are not finite before the run gives up."""
    examination: Annotated[int, Field(ge=0)] = 8
    """Sets of walkers on which the report verifies the identities of a right state; zero leaves them out."""
    sectors: SectorSection | None = None
    """A point group over whose irreducible parts the report splits the wavefunction; none does not."""
    density: DensitySection | None = None
    """Shells and harmonics about each centre in which the report gives the density of particles; none gives none."""
    nodal_exchanges: Annotated[int, Field(ge=0)] = 0
    """Exchanges of each of the first walkers by which the report counts nodal cells; zero does not count."""

    def hamiltonian(self) -> Hamiltonian | SiteHamiltonian:
        """That of the system; of fermions on sites with the sector that the wavefunction is in."""
        built, projection = self.system.build(), self.wavefunction.projection
        if projection is None or not isinstance(built, SiteHamiltonian):
            return built
        return replace(built, sector=projection.group(built))
