"""What is symmetric in a variational calculation: the wavefunction, its factors, and the Hamiltonian."""

from torch import Tensor

from gaugeflow.fermions import Coulomb, Hamiltonian, HarmonicPairs, HarmonicTrap, InverseSquare, Nuclei, Product
from gaugeflow.symmetry.claims import Claim, Equivariance
from gaugeflow.symmetry.particles import Electrons
from gaugeflow.symmetry.scalars import Scalars, SignedLog

__all__ = ["vmc_claims"]

KNOWN = (Coulomb, HarmonicPairs, HarmonicTrap, InverseSquare, Nuclei)
"""Terms that are the same for all particles, and turn with their centres."""


def vmc_claims(psi: Product, hamiltonian: Hamiltonian, walkers: Tensor) -> list[Claim]:
    """Antisymmetry where two spins are equal; the potential under permutations, and rotations about a single centre."""
    x = Electrons(walkers[:4].double(), n_up=psi.particles.n_up)
    groups = _groups(hamiltonian)
    claims: list[Claim] = []
    if groups:
        claims.append(Equivariance(hamiltonian.potential, x, "potential", " * ".join(groups), Scalars))
    if max(psi.particles.counts) > 1:
        claims.append(Equivariance(psi, x, "wavefunction", "spin-fermions", SignedLog))
        claims += [
            Equivariance(factor, x, type(factor).__name__, "spin-permutations", Scalars) for factor in psi.factors
        ]
    return claims


def _groups(hamiltonian: Hamiltonian) -> list[str]:
    """Of the potential: one of the user's own may distinguish spins and directions, not particles of equal spin."""
    if not all(isinstance(term, KNOWN) for term in hamiltonian.potentials):
        return ["spin-permutations"] if max(hamiltonian.particles.counts) > 1 else []
    groups = ["permutations"] if hamiltonian.particles.n > 1 else []
    central = len(hamiltonian.centres) == 1 and not bool(hamiltonian.centres.any())
    return [*groups, "orthogonal"] if central else groups
