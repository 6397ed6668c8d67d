"""What the task `vmc` does for fermions on sites: where they start, how they hop, what is verified and measured."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.linalg import by_value
from gaugeflow.montecarlo import Metropolis
from gaugeflow.montecarlo.errors import estimate
from gaugeflow.montecarlo.moves import LogDensity
from gaugeflow.symmetry.claims import Claim
from gaugeflow.tasks.keys import DTYPES
from gaugeflow.tasks.vmc.config import VMCConfig
from gaugeflow.tasks.vmc.proof import apart, plain
from gaugeflow.tasks.vmc.sites.claims import site_claims
from gaugeflow.tasks.vmc.sites.whole import Whole
from gaugeflow.wavefunctions import Identity, Product
from gaugeflow.wavefunctions.analysis.identity import absent, found
from gaugeflow.wavefunctions.occupation.hamiltonians import SiteHamiltonian
from gaugeflow.wavefunctions.occupation.hops import Enumerated, Hop, SwapSites
from gaugeflow.wavefunctions.occupation.observables import double_occupancy, structure_factors, total_spin_operator
from gaugeflow.wavefunctions.occupation.site_energy import local_value

__all__ = ["Sites"]

SPIN = "S^2 = S (S + 1)"
NO_SPIN = absent("total spin", SPIN, "expected a Hamiltonian that turns with the spin")
MOST = 1_000_000
"""Configurations over which the state of a chain is summed at most."""


class Sites:
    """Fermions on sites; `gaugeflow.tasks.vmc.space.Space` offers the same for particles in space.

    Raises:
        UserError: keys of a configuration that have no meaning on sites.
    """

    def __init__(self, config: VMCConfig, hamiltonian: SiteHamiltonian) -> None:
        self.config, self.hamiltonian = config, hamiltonian
        given = {
            "pretraining": config.pretraining is not None,
            "sectors": config.sectors is not None,
            "density": config.density is not None,
            "nodal_exchanges": config.nodal_exchanges > 0,
            "walkers.move": config.walkers.move != "all",
        }
        wrong = [name for name, there in given.items() if there]
        if wrong:
            raise UserError(
                f"{wrong[0]}: expected none for fermions on sites, whose configurations are no points in space"
            )

    def whole(self, psi: Product) -> Whole | None:
        """Sums over all configurations, if the energy is one. Raises UserError where they are too many."""
        sampler = self.config.sampler
        if sampler.name == "enumerate":
            return Whole(psi, self.hamiltonian, sampler.most, self.config.chunk_size)
        if self.config.evaluation == "all":
            return Whole(psi, self.hamiltonian, MOST, self.config.chunk_size)
        return None

    def starts(self, count: int, generator: torch.Generator, populations: Tensor | None) -> Tensor | None:
        """All start alike."""
        return None

    def walkers(self, count: int, generator: torch.Generator, starts: Tensor | None) -> Tensor:
        """New ones, ``(count, 2, sites)``, anywhere."""
        return self.hamiltonian.particles.draw(count, generator, DTYPES[self.config.dtype])

    def sampler(
        self, log_density: LogDensity, psi: Product, power: Callable[[], float], whole: Whole | None = None
    ) -> Any:
        """The chain that moves them, by rank one or two where psi is of mean-field determinants or Pfaffians; or what
        draws them anew.

        Args:
            log_density: the logarithm of ``|psi|^power``.
        """
        walkers, particles = self.config.walkers, self.hamiltonian.particles
        if self.config.sampler.name == "enumerate":
            return Enumerated(log_density, particles, self.config.sampler.most, whole.orbits if whole else None)
        swaps = [SwapSites(particles)] * walkers.jumps
        hop = Hop(particles, self.hamiltonian.lattice)
        chain = Metropolis(by_value(log_density), hop, steps=walkers.steps, target=None, jumps=swaps)
        if len(psi.factors):
            return chain
        from gaugeflow.wavefunctions.occupation.kept.determinants import RankOne  # loads a compiler
        from gaugeflow.wavefunctions.occupation.kept.pfaffians import RankTwo

        if RankOne.serves(psi.ansatz):
            return RankOne(psi.ansatz, chain, hop.targets, power)
        return RankTwo(psi.ansatz, chain, hop.targets, power) if RankTwo.serves(psi.ansatz) else chain

    def examined(
        self, psi: Product, sampler: Any, walkers: Tensor, generator: torch.Generator, whole: Whole | None
    ) -> list[dict[str, Any]]:
        """The energy on further walkers, and the total spin; that over all configurations where their sum is there."""
        if whole is not None:
            return [plain(whole.total_spin(psi) if self.hamiltonian.operators.keeps_spin else NO_SPIN)]
        exact, series = self._walked(psi, walkers, self.config.examination, generator)
        particles, chunk = self.hamiltonian.particles, self.config.chunk_size
        size, flat = series.shape[:2], series.flatten(0, 1)
        energies = local_value(exact, self.hamiltonian.operators, particles, flat, chunk).real.reshape(size)
        says = "in units of the hopping, on the walkers of this examination"
        return [plain(entry) for entry in (found("energy", says, energies, None), self._spin(exact, flat, size))]

    def _spin(self, psi: Product, flat: Tensor, size: torch.Size) -> Identity:
        """The local S^2; the nearest S (S + 1) that the number of particles allows is expected."""
        particles = self.hamiltonian.particles
        if not self.hamiltonian.operators.keeps_spin:
            return NO_SPIN
        spin = total_spin_operator(particles.sites, *particles.counts)
        local = local_value(psi, spin, particles, flat, self.config.chunk_size).real.reshape(size)
        least = abs(particles.n_up - particles.n_down)
        allowed = [s / 2 * (s / 2 + 1) for s in range(least, particles.n + 1, 2)]
        mean = float(local.mean())
        return found("total spin", SPIN, local, min(allowed, key=lambda value: abs(value - mean)), pure=True)

    def measured(
        self, psi: Product, walkers: Tensor, generator: torch.Generator, whole: Whole | None
    ) -> dict[str, Any]:
        """Double occupancy and both structure factors with errors, on sets of walkers that go on from those given; over
        all configurations where their sum is there."""
        if whole is not None:
            return {"observables": whole.observables(psi)}
        _, series = self._walked(psi, walkers, max(self.config.examination, 5), generator)
        doubles = _estimated(double_occupancy(series))
        if self.hamiltonian.lattice is None:
            return {"observables": {"double_occupancy": doubles}}
        momenta, spin, charge = structure_factors(series, self.hamiltonian.lattice)
        factors = [
            {"q": q.tolist(), "spin": _estimated(spin[..., k]), "charge": _estimated(charge[..., k])}
            for k, q in enumerate(momenta)
        ]
        return {"observables": {"double_occupancy": doubles, "structure_factors": factors}}

    def _walked(self, psi: Product, walkers: Tensor, sets: int, generator: torch.Generator) -> tuple[Product, Tensor]:
        """psi in float64, and so many sets of walkers of it, ``(sets, walkers, 2, sites)``."""
        exact = deepcopy(psi).double()
        chain = self.sampler(lambda x: 2 * exact(x).log, exact, lambda: 2.0)
        return exact, apart(chain, walkers.double(), sets, generator)

    def about(self) -> dict[str, Any]:
        """What it takes to know what the configurations of a file are."""
        particles = self.hamiltonian.particles
        return {"unit": "occupations", "n_up": particles.n_up, "n_down": particles.n_down, "sites": particles.sites}

    def claims(self, psi: Product, walkers: Tensor) -> list[Claim]:
        """For `gaugeflow check`."""
        return site_claims(psi, self.hamiltonian, walkers)


def _estimated(local: Tensor) -> list[float]:
    """Mean and error of ``(sets, walkers)``."""
    result = estimate(local.T.cpu().numpy())
    return [result.value, result.error]
