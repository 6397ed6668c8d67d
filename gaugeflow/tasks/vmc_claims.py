"""What is symmetric in a variational calculation: the wavefunction, its factors, and the Hamiltonian."""

from torch import Tensor

from gaugeflow.fermions import Hamiltonian, Product
from gaugeflow.symmetry.claims import Claim, Equivariance
from gaugeflow.symmetry.particles import Electrons
from gaugeflow.symmetry.scalars import Scalars, SignedLog

__all__ = ["vmc_claims"]


def vmc_claims(psi: Product, hamiltonian: Hamiltonian, walkers: Tensor) -> list[Claim]:
    """Antisymmetry where two spins are equal; the potential under permutations, and rotations about a single centre."""
    x = Electrons(walkers[:4].double(), n_up=psi.particles.n_up)
    groups = ["permutations"] if psi.particles.n > 1 else []
    if len(hamiltonian.centres) == 1 and not bool(hamiltonian.centres.any()):
        groups.append("orthogonal")
    claims: list[Claim] = [Equivariance(hamiltonian.potential, x, "potential", " * ".join(groups), Scalars)]
    if max(psi.particles.counts) > 1:
        claims.append(Equivariance(psi, x, "wavefunction", "spin-fermions", SignedLog))
        claims += [
            Equivariance(factor, x, type(factor).__name__, "spin-permutations", Scalars) for factor in psi.factors
        ]
    return claims
