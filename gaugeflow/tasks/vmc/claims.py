"""What is symmetric in a variational calculation: the wavefunction, its factors, and the Hamiltonian."""

from typing import Any

from torch import Tensor, nn

from gaugeflow.symmetry.actions.particles import Electrons
from gaugeflow.symmetry.actions.scalars import Scalars, SignedLog
from gaugeflow.symmetry.claims import Claim, Equivariance
from gaugeflow.wavefunctions import (
    CentreOfMass,
    Contact,
    ContactCusp,
    Coulomb,
    Gaussian,
    Hamiltonian,
    HarmonicPairs,
    HarmonicTrap,
    InverseSquare,
    NuclearCusp,
    Nuclei,
    PairJastrow,
    Product,
)

__all__ = ["vmc_claims"]

KNOWN = (Contact, Coulomb, HarmonicPairs, HarmonicTrap, InverseSquare, Nuclei)
"""Terms that are the same for all particles, and turn with their centres."""


def vmc_claims(psi: Product, hamiltonian: Hamiltonian, walkers: Tensor) -> list[Claim]:
    """Antisymmetry where two spins are equal, symmetry of bosons; the potential and the factors under permutations and
    motions of space."""
    x = Electrons(walkers[:4].double(), n_up=psi.particles.n_up)
    invariant: dict[str, tuple[Any, list[str]]] = {"potential": (hamiltonian.potential, _of_potential(hamiltonian))}
    invariant |= {type(factor).__name__: (factor, _of_factor(factor, hamiltonian)) for factor in psi.factors}
    claims: list[Claim] = [
        Equivariance(f, x, name, " * ".join(groups), Scalars) for name, (f, groups) in invariant.items() if groups
    ]
    if max(psi.particles.counts) > 1:
        group = "permutations" if psi.particles.bosons else "spin-fermions"
        claims.insert(1, Equivariance(psi, x, "wavefunction", group, SignedLog))
    return claims


def _of_factor(factor: nn.Module, hamiltonian: Hamiltonian) -> list[str]:
    """Pairs know nothing of the place, a trap and an atom nothing of the direction."""
    own = ["spin-permutations"] if max(hamiltonian.particles.counts) > 1 else []
    if isinstance(factor, ContactCusp | PairJastrow):
        return [*own, "euclidean"]
    return (
        [*own, "orthogonal"]
        if isinstance(factor, CentreOfMass | Gaussian | NuclearCusp) and _is_central(hamiltonian)
        else own
    )


def _of_potential(hamiltonian: Hamiltonian) -> list[str]:
    """One of the user's own may distinguish spins and directions, not particles of equal spin; contacts are zero."""
    if all(isinstance(term, Contact) for term in hamiltonian.potentials):
        return []
    if not all(isinstance(term, KNOWN) for term in hamiltonian.potentials):
        return ["spin-permutations"] if max(hamiltonian.particles.counts) > 1 else []
    groups = ["permutations"] if hamiltonian.particles.n > 1 else []
    return [*groups, "orthogonal"] if _is_central(hamiltonian) else groups


def _is_central(hamiltonian: Hamiltonian) -> bool:
    return len(hamiltonian.centres) == 1 and not bool(hamiltonian.centres.any())
