"""Orbitals in Gaussian functions: against PySCF's own values, and as wavefunctions with the Hartree-Fock energy."""

import importlib.util
import math
import sys
from typing import Literal

import numpy as np
import pytest
import torch

from gaugeflow.errors import UserError
from gaugeflow.montecarlo import Metropolis
from gaugeflow.wavefunctions import (
    Determinants,
    GaussianBasis,
    GaussianOrbitals,
    Particles,
    count_nodal_cells,
    hartree_fock,
    initial_walkers,
    local_energy,
    molecule,
    quantum_dot,
)
from gaugeflow.wavefunctions.ansatz.hartree_fock import gaussian_basis, pyscf_molecule
from gaugeflow.wavefunctions.laplacian.jet import Jet
from tests.wavefunctions.cases import gaussian_orbitals, seeded

needs_pyscf = pytest.mark.skipif(
    importlib.util.find_spec("pyscf") is None, reason="needs the package pyscf, the extra chem"
)
HELIUM = molecule(["He"], [[0.0, 0.0, 0.0]], "bohr")
BENT = molecule(["Li", "H"], [[0.0, 0.0, 0.0], [0.3, 1.0, 2.8]], "bohr")


def test_a_gaussian_function_by_hand() -> None:
    """``x z exp(-r^2/2)`` times its Laplacian, r^2 - 7, in both types."""
    basis = GaussianBasis(
        torch.zeros(1, 3, dtype=torch.float64),
        torch.tensor([0]),
        torch.full((1, 1), 0.5, dtype=torch.float64),
        torch.ones(1, 1, dtype=torch.float64),
        torch.tensor([0]),
        torch.tensor([[1, 0, 1]]),
    )
    one = torch.ones(1, 1, dtype=torch.float64)
    orbital = GaussianOrbitals(Particles(1, 0, 3), basis, (one, one), (1, 0))
    x = torch.randn(6, 1, 3, generator=seeded(), dtype=torch.float64)
    squared = x.square().sum((1, 2))
    value = x[:, 0, 0] * x[:, 0, 2] * (-squared / 2).exp()
    found = orbital(Jet.variables(x))[0]
    torch.testing.assert_close(found.value.flatten(), value)
    torch.testing.assert_close(found.laplacian.flatten(), (squared - 7) * value)
    single = orbital.float()(x.float())[0]
    assert single.dtype == torch.float32
    torch.testing.assert_close(single.flatten().double(), value, rtol=1e-5, atol=1e-6)


def test_a_basis_that_is_too_small_is_refused() -> None:
    full = gaussian_orbitals(BENT, (2, 2))
    with pytest.raises(UserError, match="Gaussian orbitals: expected at least 3, came a basis for 2"):
        GaussianOrbitals(full.particles, GaussianBasis(**_basis(full)), (full.up, full.down), (3, 2))


def _basis(orbitals: GaussianOrbitals) -> dict[str, torch.Tensor]:
    return {name: getattr(orbitals, name) for name in GaussianBasis.__dataclass_fields__}


@needs_pyscf
@pytest.mark.parametrize("cartesian", [False, True])
def test_functions_are_those_of_pyscf(cartesian: bool) -> None:
    """s, p, d and f with contractions: values, gradients and Laplacians."""
    mol = pyscf_molecule(BENT, "cc-pvqz", cartesian)
    unit = torch.eye(mol.nao, dtype=torch.float64)
    if not cartesian:
        unit = torch.tensor(mol.cart2sph_coeff(normalized="sp"))
    orbitals = GaussianOrbitals(Particles(1, 0, 3), gaussian_basis(mol), (unit, unit), (mol.nao, 0))
    x = 2 * torch.randn(30, 1, 3, generator=seeded(), dtype=torch.float64)
    found = orbitals(Jet.variables(x))[0]
    known = mol.eval_gto("GTOval_cart_deriv2" if cartesian else "GTOval_sph_deriv2", x[:, 0].numpy())
    np.testing.assert_allclose(found.value[:, 0, 0], known[0], atol=1e-13)
    np.testing.assert_allclose(found.gradient[:, :, 0, 0], known[1:4], atol=1e-13)
    np.testing.assert_allclose(found.laplacian[:, 0, 0], known[4] + known[7] + known[9], atol=1e-12)


@needs_pyscf
def test_the_energy_of_one_electron_by_quadrature() -> None:
    """``int phi^2 E_L 4 pi r^2 dr`` over the 1s orbital of hydrogen, in a basis with core functions."""
    hydrogen = molecule(["H"], [[0.0, 0.0, 0.0]], "bohr")
    state = hartree_fock(hydrogen, "cc-pvqz")
    psi = Determinants(state.orbitals())
    r = torch.linspace(-16, 4, 4001, dtype=torch.float64).exp()
    x = torch.zeros(len(r), 1, 3, dtype=torch.float64)
    x[:, 0, 2] = r
    density = 4 * math.pi * (2 * psi(x).log).exp() * r**3  # dr = r d(log r)
    step = 20 / 4000
    assert float(density.sum()) * step == pytest.approx(1, abs=1e-8)
    energy = float((density * local_energy(psi, hydrogen, x)).sum()) * step
    assert energy == pytest.approx(state.energy, abs=1e-8)
    assert -0.5 < energy < -0.4999


@needs_pyscf
@pytest.mark.parametrize("method", ["rohf", "uhf"])
def test_the_energy_of_a_determinant_by_monte_carlo(method: str) -> None:
    """The state of one spin more down than up; the error is that of a wavefunction without cusps."""
    lithium = molecule(["Li"], [[0.0, 0.0, 0.0]], "bohr", spin=-1)
    state = hartree_fock(lithium, "6-31g", method)
    psi = Determinants(state.orbitals())
    generator = seeded()
    walkers = initial_walkers(lithium, 1500, torch.float64, "cpu", generator)
    chain = Metropolis(lambda x: 2 * psi(x).log, width=0.4, steps=75)
    chain.warmup = True
    for _ in range(2):
        walkers, _ = chain.update(walkers, generator)
    energies = local_energy(psi, lithium, walkers)
    error = float(energies.std()) / len(energies) ** 0.5
    assert error < 0.05
    assert abs(float(energies.mean()) - state.energy) < 4 * error
    assert state.energy == pytest.approx(-7.431, abs=1e-3)


@needs_pyscf
def test_the_determinants_of_beryllium_have_four_nodal_cells() -> None:
    beryllium = molecule(["Be"], [[0.0, 0.0, 0.0]], "bohr")
    psi = Determinants(hartree_fock(beryllium).orbitals())
    generator = seeded()
    walkers = initial_walkers(beryllium, 16, torch.float64, "cpu", generator)
    walkers, _ = Metropolis(lambda x: 2 * psi(x).log, width=0.3, steps=200).update(walkers, generator)
    assert count_nodal_cells(psi, walkers, psi.particles, generator, 40, beryllium.centres).cells == 4


@needs_pyscf
def test_spins_keep_their_orbitals() -> None:
    """Of the triplet of helium both orbitals are of the majority, which is here the second spin."""
    state = hartree_fock(molecule(["He"], [[0.0, 0.0, 0.0]], "bohr", spin=-2), "cc-pvdz")
    up, down = state.orbitals()(torch.randn(5, 2, 3, generator=seeded(), dtype=torch.float64))
    assert (tuple(up.shape), tuple(down.shape)) == ((5, 1, 0, 0), (5, 1, 2, 2))
    assert state.energy > hartree_fock(HELIUM).energy + 0.5


@needs_pyscf
def test_what_hartree_fock_cannot_do_is_said() -> None:
    with pytest.raises(UserError, match="a basis that PySCF has for He, came 'cc-pvxz'"):
        hartree_fock(HELIUM, "cc-pvxz")
    with pytest.raises(UserError, match="expected at least 6, came a basis for 5"):
        hartree_fock(HELIUM).orbitals((6, 1))


@needs_pyscf
@pytest.mark.parametrize("method", ["rohf", "uhf"])
@pytest.mark.parametrize(("charge", "spin"), [(0, 2), (0, -2), (-1, 1)])
def test_a_basis_too_small_for_the_spins_is_said(method: Literal["rohf", "uhf"], charge: int, spin: int) -> None:
    atom = molecule(["He"], [[0.0, 0.0, 0.0]], "bohr", charge, spin)
    with pytest.raises(UserError, match=r"2 functions at least for 2 electrons of one spin, 'sto-3g' has 1"):
        hartree_fock(atom, "sto-3g", method)


@needs_pyscf
@pytest.mark.parametrize("error", [RuntimeError("mo_occ"), np.linalg.LinAlgError("singular"), IndexError("range")])
def test_what_pyscf_raises_comes_with_what_to_do(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr("pyscf.scf.hf.SCF.kernel", fail)
    with pytest.raises(UserError, match=rf"PySCF does not compute rohf .*{error}.*expected another basis or method"):
        hartree_fock(HELIUM)


def test_a_trap_has_no_nuclei() -> None:
    with pytest.raises(UserError, match="expected a molecule, came a system without nuclei"):
        hartree_fock(quantum_dot(Particles(1, 1, 2), 1.0))


def test_without_pyscf_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyscf", None)
    with pytest.raises(UserError, match=r"gaugeflow\[chem\]"):
        hartree_fock(HELIUM)
