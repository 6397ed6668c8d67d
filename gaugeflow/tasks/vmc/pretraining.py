"""The `pretraining` section of the task `vmc`: steps in front of the warm-up that fit the orbitals to a mean field."""

from pathlib import Path
from typing import Annotated, Any, Literal

import torch
from pydantic import AfterValidator, ValidationInfo
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.montecarlo import Metropolis
from gaugeflow.runs import Count, Positive, Section, ranks
from gaugeflow.runs.configuration.schema import absolute_path
from gaugeflow.runs.opening.shipped import shipped_folder
from gaugeflow.wavefunctions import (
    HarmonicOrbitals,
    HartreeFock,
    MatrixRidge,
    Orbitals,
    Product,
    hartree_fock,
    learned_state,
)
from gaugeflow.wavefunctions.ansatz.gaussian_orbitals import GaussianBasis, GaussianOrbitals
from gaugeflow.wavefunctions.ansatz.orbital_fit import OrbitalFit, needed, target_columns
from gaugeflow.wavefunctions.hamiltonian import Hamiltonian
from gaugeflow.wavefunctions.systems.jumps import jumps_between

__all__ = ["Pretraining", "PretrainingConfig"]

EQUILIBRATION = 20
"""Updates of the walkers before the first step."""


def matrices_at(place: str) -> Path:
    """The file that a name of shipped matrices means; of a path the path itself."""
    shipped = shipped_folder() / "matrices" / f"{place}.pt"
    return shipped if Path(place).name == place and shipped.is_file() else Path(place)


def _matrix_place(place: str, info: ValidationInfo) -> str:
    return place if matrices_at(place) != Path(place) else absolute_path(place, info)


class PretrainingConfig(Section):
    """Adam moves the orbitals towards those of a mean field.

    The walkers have the density of independent particles in these orbitals.
    """

    orbitals: Literal["hartree_fock", "harmonic", "learned"]
    """Those of Hartree-Fock (PySCF), of the oscillator in a trap, or of a Fock matrix that was learned from other
    geometries, without a self-consistent field."""
    steps: Count = 300
    """Steps of Adam."""
    rate: Positive = 1e-2
    """The first learning rate."""
    moves: Count = 3
    """Moves of the walkers between two steps."""
    basis: str = "cc-pvdz"
    """PySCF's name of the basis set; learned matrices have one of their own."""
    method: Literal["rohf", "uhf"] = "rohf"
    """Restricted open-shell or unrestricted Hartree-Fock."""
    matrices: Annotated[str, AfterValidator(_matrix_place)] = "water_631g"
    """The file of learned Fock matrices, from the folder of this one, or the name of a shipped one."""


class Pretraining:
    """The fit, its walkers' chain, and the orbitals, which a checkpoint keeps: no second calculation finds the same.

    Raises:
        UserError: orbitals that the system does not have, or an ansatz that is not made of any.
    """

    def __init__(
        self, config: PretrainingConfig, psi: Product, hamiltonian: Hamiltonian, state: dict[str, Any] | None = None
    ) -> None:
        self.config = config
        self.populations: Tensor | None = None
        """Mean numbers of up and down electrons at each nucleus ``(2, I)``, once they are calculated."""
        self.target = self._orbitals(psi, hamiltonian, state)
        self.target.to(next(psi.parameters()))
        interacting = config.orbitals != "harmonic"
        self.fit = OrbitalFit(psi, self.target, interacting, config.rate, config.steps)
        width, jumps = 0.5 * float(hamiltonian.lengths.max()), jumps_between(hamiltonian)
        self.chain = Metropolis(self.fit.log_density, width=width, steps=config.moves, jumps=jumps)
        self.chain.warmup = True
        if state is not None:
            self.fit.load_state_dict(state["fit"])
            self.chain.load_state_dict(state["chain"])

    def step(self, index: int, walkers: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Walkers and misfits after step `index` (from 0)."""
        for _ in range(1 if index else EQUILIBRATION):
            walkers, _ = self.chain.update(walkers, generator)
        return walkers, self.fit.step(index, walkers)

    def state_dict(self) -> dict[str, Any]:
        kept = dict(self.target.named_buffers())
        return {"target": kept, "fit": self.fit.state_dict(), "chain": self.chain.state_dict()}

    def _orbitals(self, psi: Product, hamiltonian: Hamiltonian, state: dict[str, Any] | None) -> Orbitals:
        particles, sizes = psi.particles, needed(target_columns(psi.ansatz))
        if self.config.orbitals == "harmonic":
            if hamiltonian.charges is not None:
                raise UserError("pretraining.orbitals: expected hartree_fock for a molecule, came harmonic")
            if hamiltonian.period is not None:
                raise UserError(
                    "pretraining.orbitals: expected a trap or a molecule, came a ring, whose orbitals are "
                    "those of the start"
                )
            return HarmonicOrbitals(particles, float(hamiltonian.lengths[0]) ** -2, sizes)
        if state is None:
            found = self._mean_field(hamiltonian)
            own = dict(found.orbitals(sizes).named_buffers())
            # degenerate orbitals may differ between processes
            kept = ranks().from_leader({**own, "populations": found.populations})
            self.populations = kept.pop("populations")
        else:
            kept = dict(state["target"])
        coefficients = kept.pop("up"), kept.pop("down")
        return GaussianOrbitals(particles, GaussianBasis(**kept), coefficients, sizes)

    def _mean_field(self, hamiltonian: Hamiltonian) -> HartreeFock:
        if self.config.orbitals == "learned":
            return learned_state(hamiltonian, MatrixRidge.load(matrices_at(self.config.matrices)))
        return hartree_fock(hamiltonian, self.config.basis, self.config.method)
