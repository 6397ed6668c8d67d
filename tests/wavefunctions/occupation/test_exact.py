"""Exact diagonalisation: closed forms, other orders of the sites, and numbers that others have published."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from gaugeflow.errors import UserError
from gaugeflow.wavefunctions.occupation.configurations import SiteFermions
from gaugeflow.wavefunctions.occupation.enumeration.orbits import Orbits
from gaugeflow.wavefunctions.occupation.exact import exact_states, require_memory, sector_energies
from gaugeflow.wavefunctions.occupation.hamiltonians import hubbard, of_products, t_j, t_v
from gaugeflow.wavefunctions.occupation.lattices import lattice
from gaugeflow.wavefunctions.occupation.operators import Factor, Operators, parse
from gaugeflow.wavefunctions.occupation.sectors.sector import sector
from tests.wavefunctions.cases import seeded

SQRT8, SQRT10 = ([[2, 2], [-2, 2]], [[3, 1], [-1, 3]])


def energy(hamiltonian):
    return float(exact_states(hamiltonian).energies[0])


def test_two_sites() -> None:
    """One bond, one particle of each spin: E = U/2 - sqrt(U^2/4 + 4 t^2)."""
    pair = lattice("chain", [2], boundary="open")
    for u in (0.0, 3.0, -2.0):
        assert energy(hubbard(pair, 1, 1, u)) == pytest.approx(u / 2 - (u * u / 4 + 4) ** 0.5, abs=1e-12)
    assert energy(t_j(pair, 1, 1, 0.7)) == pytest.approx(-0.7, abs=1e-12)  # a singlet: J (-3/4 - 1/4)


def test_a_closed_extent_of_two_has_two_bonds_and_says_so() -> None:
    doubled = lattice("chain", [2])
    assert len(doubled.bonds) == 2
    assert "two bonds" in doubled.notes[0]
    assert energy(hubbard(doubled, 1, 0, 0.0)) == pytest.approx(-2.0)
    assert lattice("square", [2, 4]).notes
    assert not lattice("square", [3, 4]).notes


@pytest.mark.parametrize(
    ("boundary", "angle"), [("periodic", 0.0), ("antiperiodic", np.pi), (0.7, 0.7), ("open", None)]
)
def test_free_particles_on_a_chain(boundary, angle) -> None:
    """``E = -2 sum cos((2 pi k + angle) / L)``, or ``-2 sum cos(pi k / (L + 1))`` with open ends."""
    sites, k = 6, np.arange(6)
    levels = -2 * np.cos((2 * np.pi * k + angle) / sites) if angle is not None else -2 * np.cos(np.pi * (k + 1) / 7)
    free = hubbard(lattice("chain", [sites], boundary=boundary), 2, 3, 0.0)
    wanted = sum(np.sort(levels)[:count].sum() for count in (2, 3))
    assert energy(free) == pytest.approx(wanted, abs=1e-12)


@pytest.mark.parametrize("kind", ["square", "triangular"])
def test_free_particles_in_the_plane(kind: str) -> None:
    """Three spinless particles at V = 0 fill the levels of the hopping matrix; its rows have as many bonds as there
    are neighbours."""
    made = lattice(kind, [3, 4])
    assert bool((made.hopping.sum(1) == (4 if kind == "square" else 6)).all())
    levels = np.linalg.eigvalsh(-made.hopping)
    assert energy(t_v(made, 3, 0.0)) == pytest.approx(levels[:3].sum(), abs=1e-10)
    waves = 2 * np.pi * made.momenta() @ np.array([[1, 0, -1], [0, 1, 1]])
    closed = -2 * np.cos(waves[:, : 2 if kind == "square" else 3]).sum(1)
    assert np.sort(closed) == pytest.approx(levels, abs=1e-10)


def relabelled(hamiltonian, order):
    """The same Hamiltonian with site i called order[i]."""
    products = [
        (value, tuple(Factor(f.creates, f.spin, order[f.site]) for f in factors))
        for factors, value in hamiltonian.operators.products.items()
    ]
    return replace(hamiltonian, operators=Operators(products, hamiltonian.particles.sites), lattice=None)


@pytest.mark.parametrize(
    "hamiltonian",
    [
        hubbard(lattice("square", vectors=SQRT8), 3, 2, 4.0, 0.5),
        t_v(lattice("triangular", [3, 3]), 4, 2.0),
        t_j(lattice("square", [2, 3]), 2, 2, 0.5),
        hubbard(lattice("chain", [5], boundary=0.4), 2, 2, 3.0),
    ],
    ids=["extended Hubbard", "t-V", "t-J", "twisted"],
)
def test_energies_do_not_depend_on_the_order_of_the_sites(hamiltonian) -> None:
    wanted = exact_states(hamiltonian, 3).energies
    for seed in range(3):
        order = torch.randperm(hamiltonian.particles.sites, generator=seeded(seed)).tolist()
        assert exact_states(relabelled(hamiltonian, order), 3).energies == pytest.approx(wanted, abs=1e-9)


@pytest.mark.parametrize(
    ("make", "published"),
    [
        (lambda: hubbard(lattice("chain", [8]), 4, 4, 4.0), -4.60352630),
        (lambda: hubbard(lattice("chain", [8]), 4, 4, 8.0), -2.66614742),
        (lambda: hubbard(lattice("square", vectors=SQRT10), 4, 4, 8.0), -8.11706775),
        (lambda: t_v(lattice("square", [4, 4]), 5, 4.0), -6.859013554),
    ],
    ids=["chain 8, U = 4", "chain 8, U = 8", "sqrt(10), U = 8", "t-V, V = 4"],
)
def test_published_energies(make, published: float) -> None:
    assert energy(make()) == pytest.approx(published, abs=5e-9 if published > -8 else 1e-8)


def test_states_are_eigenstates_of_the_operator_itself() -> None:
    """Against the matrix that `connected` makes of all configurations, in the order of `every`."""
    hamiltonian = t_j(lattice("chain", [5]), 2, 2, 0.8)
    x = hamiltonian.particles.every()
    found = hamiltonian.operators.connected(x)
    keep = hamiltonian.particles.allowed(found.y)
    power = 2.0 ** torch.arange(10).double()
    index = {int(key): i for i, key in enumerate(x.flatten(1) @ power)}
    matrix = np.diag(found.diagonal.numpy())
    rows = [index[int(key)] for key in found.y[keep].flatten(1) @ power]
    np.add.at(matrix, (rows, found.walkers[keep].numpy()), found.elements[keep].numpy())
    assert np.allclose(matrix, matrix.T)
    assert exact_states(hamiltonian, 4).energies == pytest.approx(np.linalg.eigvalsh(matrix)[:4], abs=1e-12)


def test_lanczos_agrees_with_the_dense_matrix(monkeypatch: pytest.MonkeyPatch) -> None:
    hamiltonian = t_j(lattice("square", [2, 3]), 2, 3, 0.6)
    wanted = exact_states(hamiltonian, 2).energies
    monkeypatch.setattr("gaugeflow.wavefunctions.occupation.exact.DENSE", 5)
    assert exact_states(hamiltonian, 2).energies[0] == pytest.approx(wanted[0], abs=1e-10)


@pytest.mark.parametrize(
    "hamiltonian",
    [
        hubbard(lattice("chain", [5]), 2, 2, 3.0),
        hubbard(lattice("square", vectors=[[2, 1], [-1, 2]]), 2, 1, 3.0),
        t_j(lattice("chain", [5]), 2, 2, 0.8),
        hubbard(lattice("chain", [4], boundary=0.4), 2, 1, 3.0),
    ],
    ids=["chain", "torus", "t-J", "twisted"],
)
def test_the_sectors_of_all_momenta_have_all_energies(hamiltonian) -> None:
    """Each momentum has as many states as its orbits, and together they are the spectrum."""
    made, whole = hamiltonian.lattice, exact_states(hamiltonian, hamiltonian.particles.states).energies
    sectors = [sector(made, tuple(k)) for k in 2 * made.momenta()]
    parts = [sector_energies(hamiltonian, g, len(Orbits(hamiltonian.particles, g).sizes)) for g in sectors]
    assert np.sort(np.concatenate(parts)) == pytest.approx(whole, abs=1e-9)


def test_lanczos_finds_the_lowest_states_of_a_sector(monkeypatch: pytest.MonkeyPatch) -> None:
    hamiltonian = hubbard(lattice("chain", [6]), 2, 2, 3.0)
    group = sector(hamiltonian.lattice, (1 / 3,))
    wanted = sector_energies(hamiltonian, group, 3)
    monkeypatch.setattr("gaugeflow.wavefunctions.occupation.exact.DENSE", 5)
    assert sector_energies(hamiltonian, group, 3) == pytest.approx(wanted, abs=1e-10)
    with pytest.raises(UserError, match=r"at most \d+ states of this sector, came 99"):
        sector_energies(hamiltonian, group, 99)


def test_a_sector_without_a_state_is_refused() -> None:
    """One particle on a ring has no state at k = 0 that a mirror changes the sign of."""
    alone = hubbard(lattice("chain", [4]), 1, 0, 0.0)
    with pytest.raises(UserError, match="one with states of 1 up and 0 down on 4 sites, came one that has none"):
        sector_energies(alone, sector(alone.lattice, (0,), "A2"))


def test_products_of_ones_own() -> None:
    """The two sites of above, spelled out."""
    hops = [(-1.0, parse(f"{i}{s}^ {j}{s}")) for i, j in ((0, 1), (1, 0)) for s in "ud"]
    doubles = [(3.0, parse(f"{i}u^ {i}u {i}d^ {i}d")) for i in (0, 1)]
    own = of_products([*hops, *doubles], SiteFermions(1, 1, 1, 2))
    assert energy(own) == pytest.approx(1.5 - (9 / 4 + 4) ** 0.5, abs=1e-12)


def test_what_cannot_be_diagonalised_is_refused() -> None:
    chain = lattice("chain", [4])
    with pytest.raises(UserError, match=r"float64, came float32: .* below"):
        exact_states(hubbard(chain, 2, 2, 1.0), dtype="float32")
    with pytest.raises(UserError, match=r"82,358,080,713,306,090,000 states.*at most"):
        require_memory(hubbard(lattice("square", [6, 6]), 18, 18, 4.0))
    with pytest.raises(UserError, match="at most 4 states"):
        exact_states(hubbard(chain, 1, 0, 1.0), 9)


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        ({"kind": "honeycomb", "shape": [3]}, "chain, square"),
        ({"kind": "chain", "shape": [1]}, "at least two"),
        ({"kind": "square", "shape": [4]}, "2 extents"),
        ({"kind": "square", "vectors": [[1, 1], [2, 2]]}, "independent vectors"),
        ({"kind": "square", "vectors": [[1, 0], [0, 3]]}, "a bond from a site to itself"),
        ({"kind": "chain"}, "both or none"),
        ({"kind": "chain", "shape": [4], "boundary": "closed"}, "periodic, antiperiodic, open or an angle"),
    ],
)
def test_bad_lattices_are_named(arguments, part: str) -> None:
    with pytest.raises(UserError, match=part):
        lattice(**arguments)
