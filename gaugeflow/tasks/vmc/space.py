"""What the task `vmc` does for particles in space: where they start, how they move, what is verified and claimed."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.montecarlo import Metropolis
from gaugeflow.montecarlo.moves import LogDensity
from gaugeflow.symmetry.claims import Claim
from gaugeflow.tasks.keys import DTYPES
from gaugeflow.tasks.vmc.claims import vmc_claims
from gaugeflow.tasks.vmc.config import VMCConfig
from gaugeflow.tasks.vmc.proof import examined
from gaugeflow.wavefunctions import Hamiltonian, Product
from gaugeflow.wavefunctions.analysis.nodal_cells import permutations
from gaugeflow.wavefunctions.systems.jumps import jumps_between
from gaugeflow.wavefunctions.systems.walkers import initial_walkers, starting_counts

__all__ = ["Space"]


class Space:
    """Particles in space; `gaugeflow.tasks.vmc.sites.sites.Sites` offers the same for fermions on sites."""

    def __init__(self, config: VMCConfig, hamiltonian: Hamiltonian) -> None:
        self.config, self.hamiltonian = config, hamiltonian
        if config.evaluation == "all":
            raise UserError("evaluation: expected a number for particles in space, who have no end of places, came all")
        if config.nodal_exchanges:
            permutations(hamiltonian.particles)  # before a long training, not behind it
        if config.sectors is not None:
            config.sectors.build(hamiltonian)

    def whole(self, psi: Product) -> None:
        """There is no sum over all configurations."""

    def starts(self, count: int, generator: torch.Generator, populations: Tensor | None) -> Tensor | None:
        """How many electrons of each spin each walker has at each of several nuclei."""
        if len(self.hamiltonian.centres) == 1:
            return None
        return starting_counts(self.hamiltonian, count, generator, populations)

    def walkers(self, count: int, generator: torch.Generator, starts: Tensor | None) -> Tensor:
        """New ones, ``(count, n, d)``."""
        dtype, device = DTYPES[self.config.dtype], generator.device
        return initial_walkers(self.hamiltonian, count, dtype, device, generator, starts)

    def sampler(
        self, log_density: LogDensity, psi: Product, power: Callable[[], float], whole: object = None
    ) -> Metropolis:
        """The chain that moves them."""
        walkers = self.config.walkers
        jumps = jumps_between(self.hamiltonian) * walkers.jumps
        period = self.hamiltonian.period
        return Metropolis(log_density, walkers.move, walkers.width, walkers.steps, jumps=jumps, period=period)

    def examined(
        self, psi: Product, sampler: Any, walkers: Tensor, generator: torch.Generator, whole: object
    ) -> list[dict[str, Any]]:
        """The identities of a right state."""
        config = self.config
        return examined(psi, self.hamiltonian, sampler, walkers, config.examination, generator, config.chunk_size)

    def measured(self, psi: Product, walkers: Tensor, generator: torch.Generator, whole: object) -> dict[str, Any]:
        """Nothing beside the energy."""
        return {}

    def about(self) -> dict[str, Any]:
        """What it takes to know what the walkers of a file are: spins, nuclei and units."""
        hamiltonian, particles = self.hamiltonian, self.hamiltonian.particles
        charges = {} if hamiltonian.charges is None else {"charges": hamiltonian.charges.numpy()}
        return {
            "unit": "bohr",
            "n_up": particles.n_up,
            "n_down": particles.n_down,
            "centres": hamiltonian.centres.numpy(),
            **charges,
        }

    def claims(self, psi: Product, walkers: Tensor) -> list[Claim]:
        """For `gaugeflow check`."""
        return vmc_claims(psi, self.hamiltonian, walkers)
