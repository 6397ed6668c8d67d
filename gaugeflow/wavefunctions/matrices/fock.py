"""Fock matrices of closed shells by PySCF, and the state that a Fock matrix from anywhere makes."""

import numpy as np
import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.symmetry.actions.orbital_matrices import Shells
from gaugeflow.wavefunctions.ansatz.hartree_fock import (
    HartreeFock,
    pyscf_molecule,
    self_consistent_field,
    state_of,
)
from gaugeflow.wavefunctions.hamiltonian import Hamiltonian
from gaugeflow.wavefunctions.matrices.ridge import MatrixRidge

__all__ = ["fock_matrix", "learned_state", "orbital_energies", "overlap_matrix", "shells_of", "state_of_matrix"]

TOLERANCE = 1e-12
"""Of energies in hartree: a Fock matrix is off by about its root."""


def shells_of(hamiltonian: Hamiltonian, basis: str) -> Shells:
    """The angular momenta of the shells of each atom, in PySCF's order."""
    molecule = pyscf_molecule(hamiltonian, basis)
    return tuple(
        tuple(molecule.bas_angular(shell) for shell in range(first, last) for _ in range(molecule.bas_nctr(shell)))
        for first, last, _, _ in molecule.aoslice_by_atom()
    )


def overlap_matrix(hamiltonian: Hamiltonian, basis: str) -> Tensor:
    """Overlaps of the functions of a basis, ``(F, F)`` in PySCF's order."""
    return _symmetric(pyscf_molecule(hamiltonian, basis).intor_symmetric("int1e_ovlp"))


def fock_matrix(hamiltonian: Hamiltonian, basis: str) -> tuple[Tensor, float]:
    """The self-consistent Fock matrix ``(F, F)`` of a closed shell and its energy, in hartree.

    Raises:
        UserError: an open shell; as `hartree_fock`.
    """
    _require_closed(hamiltonian)
    _, field = self_consistent_field(hamiltonian, basis, tolerance=TOLERANCE)
    return _symmetric(np.asarray(field.get_fock())), float(field.e_tot)


def orbital_energies(fock: Tensor, overlap: Tensor) -> Tensor:
    """The levels ``(F,)`` of one Fock matrix, the lowest first."""
    return _levels(fock, overlap)[0]


def state_of_matrix(hamiltonian: Hamiltonian, basis: str, fock: Tensor) -> HartreeFock:
    """The determinant of the lowest orbitals of a Fock matrix ``(F, F)``, with its own energy.

    No equation is solved self-consistently: the energy takes the repulsion of these orbitals once.

    Raises:
        UserError: an open shell, or an unknown basis.
    """
    _require_closed(hamiltonian)
    from pyscf import lib, scf

    molecule = pyscf_molecule(hamiltonian, basis)
    orbitals = _levels(fock, _symmetric(molecule.intor_symmetric("int1e_ovlp")))[1].numpy()
    occupied = orbitals[:, : hamiltonian.particles.n_up]
    with lib.with_omp_threads(1):
        energy = float(scf.RHF(molecule).energy_tot(2 * occupied @ occupied.T))
    return state_of(hamiltonian.particles, molecule, energy, [orbitals, orbitals])


def learned_state(hamiltonian: Hamiltonian, model: MatrixRidge) -> HartreeFock:
    """The determinant that a learned Fock matrix makes.

    Raises:
        UserError: as `state_of_matrix`; an element from which nothing was learned.
    """
    _require_closed(hamiltonian)
    assert hamiltonian.charges is not None
    charges = [round(charge) for charge in hamiltonian.charges.tolist()]
    fock = model(hamiltonian.centres.double().unsqueeze(0), charges)[0]
    return state_of_matrix(hamiltonian, model.basis, fock)


def _require_closed(hamiltonian: Hamiltonian) -> None:
    if hamiltonian.charges is None:
        raise UserError("learned orbitals: expected a molecule, came a system without nuclei")
    n_up, n_down = hamiltonian.particles.counts
    if n_up != n_down or n_up + n_down != round(float(hamiltonian.charges.sum())):
        raise UserError(
            f"learned orbitals: expected a neutral molecule with as many electrons up as down, came {n_up} and {n_down}"
        )


def _levels(fock: Tensor, overlap: Tensor) -> tuple[Tensor, Tensor]:
    """Energies and orbitals of ``F C = S C e``, by ``S = L L^T``."""
    lower = torch.linalg.cholesky(overlap)
    half = torch.linalg.solve_triangular(lower, fock, upper=False)
    energies, turned = torch.linalg.eigh(torch.linalg.solve_triangular(lower, half.mT, upper=False))
    return energies, torch.linalg.solve_triangular(lower.mT, turned, upper=True)


def _symmetric(matrix: np.ndarray) -> Tensor:
    return torch.tensor((matrix + matrix.T) / 2)
