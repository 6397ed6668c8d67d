"""The key `wavefunction.start`: the mean field in which the orbitals of fermions on sites begin."""

from typing import Annotated, Literal

import torch
from pydantic import Field

from gaugeflow.runs import Count, Section
from gaugeflow.wavefunctions.occupation.hamiltonians import SiteHamiltonian
from gaugeflow.wavefunctions.occupation.mean_fields.lowest import MeanField, hartree_fock, paired

__all__ = ["HartreeFockConfig", "PairingConfig", "StartConfig"]


class HartreeFockConfig(Section):
    """Unrestricted Hartree-Fock: a determinant for each spin, whose densities and spins may alternate."""

    name: Literal["hartree_fock"]
    tries: Count = 8
    """Searches from random starts, of which the lowest counts."""

    def found(self, hamiltonian: SiteHamiltonian, generator: torch.Generator) -> MeanField:
        return hartree_fock(hamiltonian, generator, self.tries)


class PairingConfig(Section):
    """Pairs of an up and a down particle as in superconductors (BCS), for `pfaffian` and `hidden_pfaffian`; the whole
    state needs `pairing` orbitals as many as there are sites."""

    name: Literal["pairing"]
    tries: Count = 4
    """Searches from random starts, of which the lowest counts."""

    def found(self, hamiltonian: SiteHamiltonian, generator: torch.Generator) -> MeanField:
        return paired(hamiltonian, generator, self.tries)


StartConfig = Annotated[HartreeFockConfig | PairingConfig, Field(discriminator="name")]
