"""Hartree-Fock orbitals of atoms and molecules by PySCF, arXiv:1701.08223, which comes with the extra `chem`."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.wavefunctions.ansatz.gaussian_orbitals import GaussianBasis, GaussianOrbitals
from gaugeflow.wavefunctions.ansatz.orbitals import Sizes
from gaugeflow.wavefunctions.hamiltonian import Hamiltonian
from gaugeflow.wavefunctions.particles import Particles
from gaugeflow.wavefunctions.systems.elements import ELEMENTS

__all__ = [
    "HartreeFock",
    "gaussian_basis",
    "hartree_fock",
    "pyscf_molecule",
    "self_consistent_field",
    "state_of",
]


@dataclass(frozen=True, eq=False)
class HartreeFock:
    """A mean-field state: its energy in Hartree, and the orbitals of each spin, occupied ones first, ``(F, M)``.

    `populations` are those of P.-O. Loewdin, J. Chem. Phys. 18 (1950) 365: how many up and down electrons there are at
    each nucleus in the mean, ``(2, I)``.
    """

    particles: Particles
    energy: float
    basis: GaussianBasis
    up: Tensor
    down: Tensor
    populations: Tensor

    def orbitals(self, sizes: Sizes | None = None) -> GaussianOrbitals:
        """The first orbitals of each spin, by default the occupied ones. Raises UserError if there are fewer."""
        return GaussianOrbitals(self.particles, self.basis, (self.up, self.down), sizes or self.particles.counts)


def hartree_fock(
    hamiltonian: Hamiltonian,
    basis: str = "cc-pvdz",
    method: Literal["rohf", "uhf"] = "rohf",
    cartesian: bool = False,
) -> HartreeFock:
    """The Hartree-Fock state of a molecule.

    Args:
        basis: a name that PySCF knows, as "sto-6g" or "cc-pvtz".
        method: "rohf" has the same orbitals for both spins, "uhf" its own for each.
        cartesian: takes all functions of a shell, six for d, instead of the spherical ones, five.

    Raises:
        UserError: a system without nuclei, a missing PySCF, an unknown basis or one with too few functions for the
            spins, no convergence, or whatever else PySCF does not compute.
    """
    molecule, field = self_consistent_field(hamiltonian, basis, method, cartesian)
    coefficients, occupied = np.asarray(field.mo_coeff), np.asarray(field.mo_occ)
    if method == "rohf":
        coefficients, occupied = np.stack([coefficients] * 2), np.stack([occupied] * 2)
    ordered = [own[:, np.argsort(-full, kind="stable")] for own, full in zip(coefficients, occupied, strict=True)]
    if hamiltonian.particles.n_up < hamiltonian.particles.n_down:
        ordered.reverse()
    return state_of(hamiltonian.particles, molecule, float(field.e_tot), ordered)


def self_consistent_field(
    hamiltonian: Hamiltonian,
    basis: str,
    method: Literal["rohf", "uhf"] = "rohf",
    cartesian: bool = False,
    tolerance: float = 1e-9,
) -> tuple[Any, Any]:
    """PySCF's molecule and its converged field, the energy to `tolerance` in hartree. Raises as `hartree_fock`."""
    molecule = pyscf_molecule(hamiltonian, basis, cartesian)
    filled = max(hamiltonian.particles.counts)
    if molecule.nao < filled:
        raise UserError(
            f"Hartree-Fock: expected a basis of {filled} functions at least for {filled} electrons of one spin, "
            f"{basis!r} has {molecule.nao}: take a larger one, as cc-pvdz"
        )
    from pyscf import lib, scf

    field = {"rohf": scf.ROHF, "uhf": scf.UHF}[method](molecule)
    field.chkfile, field.conv_tol = None, tolerance
    try:
        with lib.with_omp_threads(1):  # sums of several threads do not repeat bit for bit
            field.kernel()
    except (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError) as error:
        raise UserError(
            f"Hartree-Fock: PySCF does not compute {method} in the basis {basis} ({type(error).__name__}: {error}); "
            "expected another basis or method, or a calculation without pretraining"
        ) from error
    if not field.converged:
        raise UserError(f"Hartree-Fock: {method} in the basis {basis} has not converged; expected another of either")
    return molecule, field


def state_of(particles: Particles, molecule: Any, energy: float, orbitals: Sequence[np.ndarray]) -> HartreeFock:
    """The state with these orbitals of up and down ``(F, M)`` in PySCF's basis, occupied ones first."""
    shares = [_at_nuclei(molecule, own[:, :count]) for own, count in zip(orbitals, particles.counts, strict=True)]
    up, down = (_in_functions(molecule, own) for own in orbitals)
    return HartreeFock(particles, energy, gaussian_basis(molecule), up, down, torch.tensor(np.stack(shares)))


def pyscf_molecule(hamiltonian: Hamiltonian, basis: str, cartesian: bool = False) -> Any:
    """The nuclei and the number of electrons as PySCF has them, the larger spin up. Raises as `hartree_fock`."""
    if hamiltonian.charges is None:
        raise UserError("Hartree-Fock: expected a molecule, came a system without nuclei")
    try:
        from pyscf import gto
    except ImportError as error:
        raise UserError(
            "Hartree-Fock: expected the package pyscf: install gaugeflow with its extra, gaugeflow[chem]"
        ) from error
    atoms = [
        [ELEMENTS[int(charge) - 1], place]
        for charge, place in zip(hamiltonian.charges.tolist(), hamiltonian.centres.tolist(), strict=True)
    ]
    particles = hamiltonian.particles
    spin, charge = abs(particles.n_up - particles.n_down), round(float(hamiltonian.charges.sum())) - particles.n
    options = {"unit": "Bohr", "basis": basis, "spin": spin, "charge": charge, "cart": cartesian}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a hint to a further package, in front of the error
            return gto.M(atom=atoms, verbose=0, **options)
    except (KeyError, RuntimeError) as error:
        names = ", ".join(sorted({symbol for symbol, _ in atoms}))
        raise UserError(f"Hartree-Fock: expected a basis that PySCF has for {names}, came {basis!r}") from error


def gaussian_basis(molecule: Any) -> GaussianBasis:
    """The functions of a molecule of PySCF, all Cartesian ones of each shell, in its order."""
    nuclei: list[int] = []
    exponents, weights, shells, powers = [], [], [], []
    for shell in range(molecule.nbas):
        l = molecule.bas_angular(shell)
        # PySCF leaves out the angular normalisation from d on, where it differs among the Cartesian functions
        angular = {0: (4 * np.pi) ** -0.5, 1: (3 / (4 * np.pi)) ** 0.5}.get(l, 1.0)
        for column in molecule._libcint_ctr_coeff(shell).T:
            cartesian = [(a, b, l - a - b) for a in range(l, -1, -1) for b in range(l - a, -1, -1)]
            shells += [len(nuclei)] * len(cartesian)
            powers += cartesian
            nuclei.append(molecule.bas_atom(shell))
            exponents.append(molecule.bas_exp(shell))
            weights.append(angular * column)
    return GaussianBasis(
        torch.tensor(molecule.atom_coords()),
        torch.tensor(nuclei),
        _padded(exponents),
        _padded(weights),
        torch.tensor(shells),
        torch.tensor(powers),
    )


def _padded(rows: list[np.ndarray]) -> Tensor:
    longest = max(map(len, rows))
    return torch.tensor(np.stack([np.pad(row, (0, longest - len(row))) for row in rows]), dtype=torch.float64)


def _in_functions(molecule: Any, coefficients: np.ndarray) -> Tensor:
    """Orbitals in terms of the Cartesian functions."""
    if not molecule.cart:
        coefficients = molecule.cart2sph_coeff(normalized="sp") @ coefficients
    return torch.tensor(coefficients, dtype=torch.float64)


def _at_nuclei(molecule: Any, occupied: np.ndarray) -> np.ndarray:
    """How many of the electrons in these orbitals are at each nucleus, ``(I,)``."""
    sizes, vectors = np.linalg.eigh(molecule.intor_symmetric("int1e_ovlp"))
    density = ((vectors * np.sqrt(sizes)) @ vectors.T @ occupied) ** 2
    return np.array([density[first:last].sum() for _, _, first, last in molecule.aoslice_by_atom()])
