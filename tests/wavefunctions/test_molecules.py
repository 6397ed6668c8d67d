"""Elements, their spins, units of length, and files of molecules."""

from pathlib import Path
from typing import Any

import pytest
import torch

from gaugeflow.errors import UserError
from gaugeflow.wavefunctions import Hamiltonian, Product, initial_walkers, local_energy, molecule, read_xyz
from gaugeflow.wavefunctions.systems.elements import ELEMENTS, SPINS, ground_spin
from tests.wavefunctions.cases import ANSATZ, BACKBONES, Features, NuclearCusp, PairJastrow, seeded

ORIGIN = [[0.0, 0.0, 0.0]]


def hund(electrons: int) -> int:
    """Unpaired electrons when shells are filled in the order of Madelung, each with as many as fit alone first."""
    shells = sorted(((n, l) for n in range(1, 8) for l in range(n)), key=lambda shell: (sum(shell), shell[0]))
    for _, l in shells:
        room = 4 * l + 2
        if electrons <= room:
            return min(electrons, room - electrons)
        electrons -= room
    raise AssertionError("more electrons than shells")


EXCEPTIONS = {"Cr": 6, "Nb": 5, "Mo": 6, "Ru": 4, "Rh": 3, "Pd": 0, "La": 1, "Ce": 0, "Gd": 8, "Pt": 2}
"""2S of the ground terms 7S, 6D, 7S, 5F, 4F, 1S, 2D, 1G, 9D and 3D, whose shells are not filled in Madelung's order."""


def test_spins_of_the_elements() -> None:
    assert len(SPINS) == len(ELEMENTS) == 86
    for number, symbol in enumerate(ELEMENTS, 1):
        assert SPINS[number - 1] == EXCEPTIONS.get(symbol, hund(number)), symbol


@pytest.mark.parametrize(
    ("symbol", "charge", "counts"),
    [
        ("N", 0, (5, 2)),
        ("O", 0, (5, 3)),
        ("C", -1, (5, 2)),
        ("Ne", 1, (5, 4)),
        ("Fe", 0, (15, 11)),
        ("Br", -1, (18, 18)),
        ("Na", 1, (5, 5)),
        ("H", -1, (1, 1)),
    ],
)
def test_an_atom_without_a_spin_is_in_its_ground_state(symbol: str, charge: int, counts: tuple[int, int]) -> None:
    assert molecule([symbol], ORIGIN, "bohr", charge).particles.counts == counts


def test_heavy_ions_ask_for_their_spin() -> None:
    """Fe2+ is 3d6 with four unpaired electrons, chromium with as many electrons has six."""
    with pytest.raises(UserError, match="the spin n_up - n_down of Fe with 24 electrons, came none"):
        molecule(["Fe"], ORIGIN, "bohr", charge=2)
    assert molecule(["Fe"], ORIGIN, "bohr", charge=2, spin=4).particles.counts == (14, 10)
    assert ground_spin(54, 54) == 0


def lih(places: list[list[float]], unit: str, elements: list[str] | None = None) -> tuple[Hamiltonian, Product]:
    """With a network whose parameters depend on a seed alone."""
    hamiltonian = molecule(elements or ["Li", "H"], places, unit)
    rows = BACKBONES["ferminet"](Features(hamiltonian))
    particles = hamiltonian.particles
    factors = [PairJastrow(particles), NuclearCusp(particles, hamiltonian.centres, hamiltonian.charges)]
    return hamiltonian, Product(ANSATZ["determinants"](hamiltonian, rows), factors)


def energies(made: tuple[Hamiltonian, Product]) -> torch.Tensor:
    """Of the same walkers for all, in bohr."""
    hamiltonian, psi = made
    start = molecule(["Li", "H"], [[0.0, 0.0, 0.0], [0.0, 0.0, 3.015]], "bohr")
    x = initial_walkers(start, 10, torch.float64, "cpu", seeded())
    return local_energy(psi, hamiltonian, x).detach()


def test_lithium_hydride_in_angstrom_and_in_bohr(tmp_path: Path) -> None:
    apart = 3.015 * 0.529177210544
    (tmp_path / "lih.xyz").write_text(f"2\nlithium hydride\nLi 0 0 0\nH  0.0 0.0 {apart!r}\n")
    atoms: Any = read_xyz(tmp_path / "lih.xyz")
    in_bohr = energies(lih([[0.0, 0.0, 0.0], [0.0, 0.0, 3.015]], "bohr"))
    in_angstrom = energies(lih([[0.0, 0.0, 0.0], [0.0, 0.0, apart]], "angstrom"))
    from_file = energies(lih([atom[1:] for atom in atoms], "angstrom", [atom[0] for atom in atoms]))
    assert float(in_bohr.std()) > 0.1
    torch.testing.assert_close(in_angstrom, in_bohr, rtol=1e-11, atol=0)
    assert torch.equal(from_file, in_angstrom)


@pytest.mark.parametrize("symbol", ["K", "Kr"])
def test_beyond_argon(symbol: str) -> None:
    """Potassium and krypton: at the nucleus the local energy stays finite, as the cusp makes it."""
    hamiltonian = molecule([symbol], ORIGIN, "bohr")
    rows = BACKBONES["deep sets"](Features(hamiltonian))
    cusp = NuclearCusp(hamiltonian.particles, hamiltonian.centres, hamiltonian.charges)
    psi = Product(ANSATZ["determinants"](hamiltonian, rows), [PairJastrow(hamiltonian.particles), cusp])
    x = initial_walkers(hamiltonian, 2, torch.float64, "cpu", seeded())
    assert x.shape[1] == ELEMENTS.index(symbol) + 1
    assert bool(local_energy(psi, hamiltonian, x).isfinite().all())


READ = {
    "plain": ("2\n\nLi 0 0 0\nH 0 0 1.595\n", [["Li", 0, 0, 0], ["H", 0, 0, 1.595]]),
    "a blank end and tabs": ("1\nhelium\nHe\t-1.5\t0\t2e-1\n\n\n", [["He", -1.5, 0, 0.2]]),
    "numbers for symbols": ("1\n\n3 1 2 3\n", [["Li", 1, 2, 3]]),
    "more columns": ("1\nforces\nN 0 0 0 0.1 0.2 0.3\n", [["N", 0, 0, 0]]),
    "Windows": ("\ufeff 1 \r\n\r\nN 0 0 0\r\n", [["N", 0, 0, 0]]),
}


@pytest.mark.parametrize("name", READ)
def test_xyz_files(tmp_path: Path, name: str) -> None:
    text, atoms = READ[name]
    (tmp_path / "one.xyz").write_text(text, newline="", encoding="utf-8")
    assert read_xyz(tmp_path / "one.xyz") == atoms


WRONG = {
    "empty": ("", "line 1: expected the number of atoms, came ''"),
    "no count": ("Li 0 0 0\n", "line 1: expected the number of atoms, came 'Li 0 0 0'"),
    "no atoms": ("0\n\n", "line 1: expected the number of atoms"),
    "too few": ("2\n\nLi 0 0 0\n", "expected 2 atoms behind the line of comment, came 1 lines"),
    "two molecules": ("1\n\nLi 0 0 0\n1\n\nLi 0 0 1\n", "came more lines behind them, as of a second molecule"),
    "two coordinates": ("1\n\nLi 0 0\n", "line 3: expected a symbol and three finite numbers .*, came 'Li 0 0'"),
    "no number": ("2\n\nLi 0 0 0\nH 0 0 x\n", "line 4: expected a symbol and three finite numbers"),
    "infinite": ("1\n\nLi 0 0 inf\n", "line 3: expected a symbol and three finite numbers"),
    "a blank line": ("1\n\n\n", "line 3: expected a symbol and three finite numbers"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_xyz_file_is_said(tmp_path: Path, name: str) -> None:
    text, message = WRONG[name]
    (tmp_path / "one.xyz").write_text(text)
    with pytest.raises(UserError, match=message):
        read_xyz(tmp_path / "one.xyz")


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none\.xyz: expected an XYZ file, came none that can be read"):
        read_xyz(tmp_path / "none.xyz")
    (tmp_path / "bytes.xyz").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match="came none that can be read"):
        read_xyz(tmp_path / "bytes.xyz")
