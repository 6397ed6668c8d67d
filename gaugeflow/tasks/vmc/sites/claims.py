"""What is symmetric in a calculation on sites, for `gaugeflow check`."""

from functools import partial

from torch import Tensor
from torch.nn import Module

from gaugeflow.symmetry.actions.scalars import Scalars, SignedLog
from gaugeflow.symmetry.claims import Claim, Equivariance
from gaugeflow.wavefunctions import Product, Wavefunction
from gaugeflow.wavefunctions.occupation.hamiltonians import SiteHamiltonian
from gaugeflow.wavefunctions.occupation.sectors.sector_state import SectorState
from gaugeflow.wavefunctions.occupation.site_energy import local_value
from gaugeflow.wavefunctions.occupation.symmetries import Occupations, SiteGroup
from gaugeflow.wavefunctions.wavefunction import LogPsi

__all__ = ["site_claims"]


def site_claims(psi: Product, hamiltonian: SiteHamiltonian, walkers: Tensor) -> list[Claim]:
    """The factors keep all motions of the lattice; so does the local energy of a part that the motions leave alone,
    and a projected state has its character."""
    if hamiltonian.lattice is None:
        return []
    x = Occupations(walkers[:4].double(), walkers.new_ones(min(4, len(walkers))).double())
    motions = SiteGroup(hamiltonian.lattice.translations).times(SiteGroup(hamiltonian.lattice.point_group))
    claims: list[Claim] = []
    if isinstance(psi.ansatz, SectorState):
        group = psi.ansatz.group
        claims.append(Equivariance(partial(_signed, psi), x, "projected wavefunction", group, SignedLog))
        energy = partial(_energy, psi, hamiltonian)
        claims.append(Equivariance(energy, x, "local energy", group, Scalars))
    return claims + [
        Equivariance(partial(_exponent, factor), x, type(factor).__name__, motions, Scalars) for factor in psi.factors
    ]


def _exponent(factor: Module, x: Tensor, sign: Tensor) -> Tensor:
    found: Tensor = factor(x)
    return found


def _signed(psi: Wavefunction, x: Tensor, sign: Tensor) -> LogPsi:
    value = psi(x)
    return LogPsi(value.sign * sign, value.log)


def _energy(psi: Wavefunction, hamiltonian: SiteHamiltonian, x: Tensor, sign: Tensor) -> Tensor:
    return local_value(psi, hamiltonian.operators, hamiltonian.particles, x)
