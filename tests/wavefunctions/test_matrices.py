"""Matrices in a basis of atomic orbitals: those of PySCF under the harness, and how they are learned."""

import importlib.util
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch

from gaugeflow.errors import UserError
from gaugeflow.runs.opening.shipped import shipped_folder
from gaugeflow.symmetry import Atoms, Irreps, OrbitalMatrices, check, equivariant_ridge, intertwiners
from gaugeflow.symmetry.examples.orbital_overlaps import BENT, KINDS, SHELLS, summed_overlaps
from gaugeflow.wavefunctions import (
    Hamiltonian,
    MatrixRidge,
    Particles,
    fit_matrices,
    fock_matrix,
    hartree_fock,
    learned_state,
    molecule,
    overlap_matrix,
    quantum_dot,
)
from gaugeflow.wavefunctions.matrices.fock import orbital_energies, shells_of, state_of_matrix
from gaugeflow.wavefunctions.matrices.ridge import ridge_weights
from tests.wavefunctions.cases import fitted_overlaps, seeded

needs_pyscf = pytest.mark.skipif(
    importlib.util.find_spec("pyscf") is None, reason="needs the package pyscf, the extra chem"
)
WATER = Atoms(torch.tensor([[[0.0, 0.0, 0.2], [0.0, 1.43, 1.1], [0.1, -1.4, 1.2]]], dtype=torch.float64), kinds=KINDS)
SHIPPED = shipped_folder() / "matrices" / "water_631g.pt"


def water(places: torch.Tensor) -> Hamiltonian:
    return molecule(["O", "H", "H"], places.tolist(), "bohr")


def of_pyscf(kind: str, basis: str, x: torch.Tensor) -> torch.Tensor:
    make = {"overlap": overlap_matrix, "Fock": lambda h, b: fock_matrix(h, b)[0]}[kind]
    return torch.stack([make(water(place), basis) for place in x.double()]).to(x)


CASES = [
    ("overlap", "6-31g*", "pyscf", True),
    ("overlap", "6-31g*", "e3nn", False),  # p as in PySCF, d in another order
    ("overlap", "6-31g*", "m", False),
    ("Fock", "sto-3g", "pyscf", True),
    ("Fock", "sto-3g", "m", False),
]


@needs_pyscf
@pytest.mark.slow
@pytest.mark.parametrize(("kind", "basis", "order", "holds"), CASES)
def test_matrices_of_pyscf_turn_in_its_order_of_functions_alone(kind: str, basis: str, order: str, holds: bool) -> None:
    """Under motions, mirrors and the exchange of the hydrogens; a Fock matrix is as good as its convergence."""
    out = partial(OrbitalMatrices, shells=shells_of(water(WATER.data[0]), basis), order=order)
    options: dict[str, Any] = {"trials": 2, "diagnose": False, "tolerance": 1e-5 if kind == "Fock" else 0.0}
    f = partial(of_pyscf, kind, basis)
    assert check(f, WATER, "euclidean * spin-permutations", out=out, **options).holds is holds


@needs_pyscf
def test_shells_are_those_of_pyscf() -> None:
    assert shells_of(water(WATER.data[0]), "6-31g*") == ((0, 0, 0, 1, 1, 2), (0, 0), (0, 0))


def moved(count: int, seed: int) -> torch.Tensor:
    noise = torch.randn(count, 3, 3, generator=seeded(seed), dtype=torch.float64)
    return torch.tensor(BENT, dtype=torch.float64) + 0.1 * noise


def test_what_was_learned_holds_elsewhere_and_is_symmetric() -> None:
    """Sums of three bodies, s, p and d at one atom: from geometries in one orientation to those in any."""
    model, new = fitted_overlaps(), moved(10, 9)
    error = (model(new, list(KINDS)) - summed_overlaps(new)).abs().mean()
    spread = (summed_overlaps(new) - summed_overlaps(new).mean(0)).abs().mean()
    assert error < 0.05 * spread
    out = partial(OrbitalMatrices, shells=SHELLS)
    x = Atoms(new[:2], kinds=KINDS)
    assert check(lambda r: model(r, list(KINDS)), x, "euclidean * spin-permutations", out=out, trials=4).holds
    reordered = partial(OrbitalMatrices, shells=SHELLS, order="e3nn")
    assert not check(lambda r: model(r, list(KINDS)), x, "rotations", out=reordered, trials=4).holds


def test_weights_are_those_of_the_regression_in_all_maps_that_commute() -> None:
    """By Schur's lemma; numbers that have a mean square of one already."""
    x, y = (torch.randn(12, 1, k, 3, generator=seeded(k), dtype=torch.float64) for k in (3, 2))
    x = x / x.square().mean((0, 1, 3), keepdim=True).sqrt()
    features, targets = Irreps("3x1o")(x.flatten(1)), Irreps("2x1o")(y.flatten(1))
    maps = intertwiners(features, targets, "orthogonal")
    known = equivariant_ridge(maps, features, targets, 0.1).weight().detach()
    found = torch.kron(ridge_weights(x, y, 0.1), torch.eye(3, dtype=torch.float64))
    torch.testing.assert_close(found, known, atol=1e-10, rtol=0)


@needs_pyscf
def test_the_shipped_matrices_of_water_give_its_levels_and_energy() -> None:
    """At a geometry of none of those of the training, turned: within the bar of one millihartree."""
    model, place = MatrixRidge.load(SHIPPED), WATER.data[0] @ torch.linalg.qr(WATER.data[0] + torch.eye(3))[0]
    known, energy = fock_matrix(water(place), "6-31g")
    found, overlap = model(place[None], [8, 1, 1])[0], overlap_matrix(water(place), "6-31g")
    assert float((found - known).abs().mean()) < 1e-3
    apart = orbital_energies(found, overlap) - orbital_energies(known, overlap)
    assert float(apart[:5].abs().max()) < 1e-3
    assert 0 < learned_state(water(place), model).energy - energy < 1e-4


@needs_pyscf
def test_the_state_of_the_self_consistent_matrix_is_that_of_hartree_fock() -> None:
    here = water(WATER.data[0])
    fock, energy = fock_matrix(here, "sto-3g")
    state, known = state_of_matrix(here, "sto-3g", fock), hartree_fock(here, "sto-3g")
    assert state.energy == pytest.approx(energy, abs=1e-9)
    assert known.energy == pytest.approx(energy, abs=1e-7)
    torch.testing.assert_close(state.populations, known.populations, atol=1e-4, rtol=0)


def test_a_file_keeps_what_was_learned(tmp_path: Path) -> None:
    model, x = fitted_overlaps(), moved(2, 5)
    model.save(tmp_path / "model.pt")
    assert torch.equal(MatrixRidge.load(tmp_path / "model.pt")(x, list(KINDS)), model(x, list(KINDS)))
    torch.save({"format": 2}, tmp_path / "other.pt")
    for name in ("other.pt", "nothing.pt"):
        with pytest.raises(UserError, match=f"{name}: expected a file of learned matrices"):
            MatrixRidge.load(tmp_path / name)


def test_what_was_not_learned_is_said() -> None:
    model = fitted_overlaps()
    ammonia = molecule(["N", "H", "H", "H"], [[0, 0, 0], [1.8, 0, 0.6], [-0.9, 1.6, 0.6], [-0.9, -1.6, 0.6]], "bohr")
    with pytest.raises(UserError, match="expected atoms of H, O, from which they were learned, came N"):
        learned_state(ammonia, model)
    with pytest.raises(UserError, match="expected a molecule, came a system without nuclei"):
        learned_state(quantum_dot(Particles(1, 1, 2), 1.0), model)
    for charge, spin in ((0, 2), (2, 0)):
        ion = molecule(["O", "H", "H"], WATER.data[0].tolist(), "bohr", charge, spin)
        with pytest.raises(UserError, match="expected a neutral molecule with as many electrons up as down"):
            learned_state(ion, model)


@pytest.mark.parametrize(
    ("shells", "said"),
    [
        (((0, 1), (0, 1), (0, 1)), r"expected shape \(batch, 12, 12\)"),
        (((0, 1, 2), (0, 1), (1, 0)), "expected equal shells at equal elements"),
    ],
)
def test_matrices_of_other_shells_are_refused(shells: tuple[tuple[int, ...], ...], said: str) -> None:
    x = moved(3, 1)
    with pytest.raises(ValueError, match=said):
        fit_matrices(x, list(KINDS), summed_overlaps(x), "summed", shells)
