"""What the task `vmc` does with all configurations of few fermions on sites: training, energy and observables."""

import warnings
from copy import deepcopy
from functools import cached_property
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn.utils import parameters_to_vector

from gaugeflow.wavefunctions import Identity, Product
from gaugeflow.wavefunctions.occupation.enumeration.orbits import AT_ONCE, Among, Mean, Orbits
from gaugeflow.wavefunctions.occupation.hamiltonians import SiteHamiltonian
from gaugeflow.wavefunctions.occupation.observables import double_occupancy, structure_factors, total_spin_operator
from gaugeflow.wavefunctions.occupation.sectors.sector_state import SectorState

__all__ = ["Batch", "Whole"]

SPIN = "S^2 = S (S + 1), over all configurations"


class Batch(NamedTuple):
    """Configurations ``(batch, 2, sites)``, their local energies, and weights of the sum 1 that make psi^2 of them."""

    x: Tensor
    energies: Tensor
    weights: Tensor


class Whole:
    """Sums over all configurations; those that the projection of psi makes alike are calculated once.

    Args:
        psi: whose projection counts; its parameters may change.
        most: the largest number of configurations.

    Raises:
        UserError: more of them.
    """

    def __init__(self, psi: Product, hamiltonian: SiteHamiltonian, most: int, chunk_size: int | None) -> None:
        state = psi.ansatz if isinstance(psi.ansatz, SectorState) else None
        self.hamiltonian, self.chunk_size = hamiltonian, chunk_size or AT_ONCE // (state.images if state else 1)
        self.orbits = Orbits(hamiltonian.particles, state.group if state else None, most)
        self._kept: tuple[Tensor, Tensor] | None = None

    @property
    def size(self) -> int:
        """How many configurations a batch has."""
        return len(self.orbits.sizes)

    @cached_property
    def energy(self) -> Among:
        """The Hamiltonian."""
        return self.orbits.among(self.hamiltonian.operators)

    def batch(self, psi: Product) -> Batch:
        """All that an optimiser needs of psi as it is."""
        like, weights = next(psi.parameters()), self.orbits.weights(self._amplitudes(psi))
        return Batch(self.orbits.x.to(like), self._local(psi), weights.to(like.device))

    def local_energies(self, psi: Product, x: Tensor) -> Tensor:
        """Of some configurations ``(batch, 2, sites)``, ``(batch,)``."""
        local = self._local(psi)
        return local[self.orbits.of(x.cpu()).to(local.device)]

    def _local(self, psi: Product) -> Tensor:
        """The local energy of each orbit in the precision of psi; where psi is zero the mean stands for it."""
        amplitudes, like = self._amplitudes(psi), next(psi.parameters())
        local = self.energy(amplitudes) / torch.where(amplitudes == 0, 1.0, amplitudes)
        local = torch.where(amplitudes == 0, self.orbits.mean(amplitudes, self.energy).value, local)
        return local.to(like.device, like.dtype.to_complex() if local.is_complex() else like.dtype)

    def mean(self, psi: Product) -> Mean:
        """The energy and its variance, with psi in float64."""
        return self.orbits.mean(self._amplitudes(psi), self.energy)

    def energy_of(self, psi: Product) -> float:
        """``<psi|H|psi> / <psi|psi>``, with psi in float64."""
        return self.mean(psi).value

    def hamiltonian_of(self, psi: Product) -> Tensor:
        """H among the orbits of a batch in units of psi, sparse ``(orbits, orbits)``, see `Everywhere`."""
        amplitudes = self._amplitudes(psi)
        units, own, size = amplitudes.sgn(), self._hermitian, len(amplitudes)
        moved = units.conj()[own.rows] * own.values * units[own.columns]
        every = torch.arange(size)
        places = torch.stack((torch.cat((every, own.rows)), torch.cat((every, own.columns))))
        numbers = torch.cat((own.diagonal.to(moved), moved))
        matrix = torch.sparse_coo_tensor(places, numbers, (size, size), check_invariants=True)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # torch calls this format new; its products take half the time
            return matrix.coalesce().to_sparse_csr().to(next(psi.parameters()).device)

    @cached_property
    def _hermitian(self) -> Among:
        return self.orbits.hermitian(self.energy)

    def total_spin(self, psi: Product) -> Identity:
        """S^2, and how far psi is from a state of one spin."""
        particles = self.hamiltonian.particles
        operator = self.orbits.among(total_spin_operator(particles.sites, *particles.counts))
        value, variance = self.orbits.mean(self._amplitudes(psi), operator)
        return Identity("total spin", SPIN, value, variance=variance)

    def observables(self, psi: Product) -> dict[str, Any]:
        """Double occupancy and both structure factors; their errors are 0."""
        orbits, lattice = self.orbits, self.hamiltonian.lattice
        shares = orbits.weights(self._amplitudes(psi))
        doubles: Any = sum(shares[part] @ double_occupancy(orbits.images(part)).mean(1) for part in orbits.parts())
        found: dict[str, Any] = {"double_occupancy": [float(doubles), 0.0]}
        if lattice is None:
            return found
        parts = (
            [shares[part] @ factor.mean(1) for factor in structure_factors(orbits.images(part), lattice)[1:]]
            for part in orbits.parts()
        )
        spins, charges = (sum(own) for own in zip(*parts, strict=True))
        factors = [
            {"q": q.tolist(), "spin": [float(one), 0.0], "charge": [float(other), 0.0]}
            for q, one, other in zip(lattice.momenta(), spins, charges, strict=True)
        ]
        return found | {"structure_factors": factors}

    def _amplitudes(self, psi: Product) -> Tensor:
        """Of psi in float64. Those of the last parameters are kept: a step asks for them, and so does the next."""
        at = parameters_to_vector(psi.parameters()).detach().clone()
        if self._kept is None or not torch.equal(at, self._kept[0]):
            self._kept = at, self.orbits.amplitudes(deepcopy(psi).double(), self.chunk_size)
        return self._kept[1]
