"""Mean fields: closed equations of rings, energies of the states that they say, by all configurations."""

import itertools

import numpy as np
import pytest
import torch
from scipy.optimize import brentq

from gaugeflow.errors import UserError
from gaugeflow.wavefunctions import Determinants, Pfaffians, occupation
from gaugeflow.wavefunctions.occupation.site_orbitals import SiteOrbitals


def seeded(seed: int = 3) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def ring(sites: int, n_up: int, n_down: int, u: float, v: float = 0.0) -> occupation.SiteHamiltonian:
    return occupation.hubbard(occupation.lattice("chain", [sites]), n_up, n_down, u, v)


def bands(sites: int) -> np.ndarray:
    return -2 * np.cos(2 * np.pi * np.arange(sites) / sites)


def alternating(sites: int, u: float) -> tuple[float, float]:
    """The energy of the half filled ring with spins that alternate by m, and m, ``1 = mean_k U / (2 E_k)``."""

    def gap(m: float) -> float:
        return float(1 - np.mean(u / 2 / np.hypot(bands(sites), u * m / 2)))

    m = brentq(gap, 1e-6, 1.0)
    return -float(np.hypot(bands(sites), u * m / 2).sum()) + u * sites * (1 + m * m) / 4, m


def energy_of(psi, hamiltonian: occupation.SiteHamiltonian) -> float:
    """``<H>`` over all configurations."""
    particles = hamiltonian.particles
    x = particles.every()
    with torch.no_grad():
        share = (2 * psi(x).log).softmax(0)
    there = share > 1e-24
    local = occupation.local_value(psi, hamiltonian.operators, particles, x[there])
    return float(share[there] @ local)


def tables(orbitals: SiteOrbitals, start: torch.Tensor) -> None:
    """Orbitals without noise."""
    for table, columns in zip(orbitals.tables, start, strict=True):
        table.weight.data = columns.T[: len(table.weight)].contiguous()


def determinant(found: occupation.MeanField, hamiltonian: occupation.SiteHamiltonian) -> Determinants:
    particles = hamiltonian.particles
    psi = Determinants(SiteOrbitals(particles, 1, particles.counts, found.orbitals, seeded()))
    tables(psi.orbitals, found.orbitals)
    return psi


def pfaffian(found: occupation.MeanField, hamiltonian: occupation.SiteHamiltonian, pairing: int, triplets: bool):
    particles = hamiltonian.particles
    sizes = Pfaffians.sizes(particles, pairing, triplets)
    start = occupation.pair_columns(found.orbitals, found.pairs, particles, pairing, sizes[0] - pairing)
    psi = Pfaffians(SiteOrbitals(particles, 1, sizes, start, seeded()), pairing, seeded(), triplets)
    tables(psi.orbitals, start)
    occupation.begin_in_pairs(psi, found.pairs)
    return psi


@pytest.mark.parametrize("sites", [6, 8])
@pytest.mark.parametrize("u", [3.0, 8.0])
def test_half_filled_rings_have_the_energy_of_the_closed_equations(sites: int, u: float) -> None:
    """Spins alternate with repulsion; with attraction the same equations are those of pairs, by the exchange of down
    particles and holes, and the energy is lower by U for each down particle."""
    energy, m = alternating(sites, u)
    found = occupation.hartree_fock(ring(sites, sites // 2, sites // 2, u), seeded(), 3)
    assert found.energy == pytest.approx(energy, abs=1e-9)
    density = found.orbitals[:, :, : sites // 2].square().sum(-1)
    assert float((density[0] - density[1]).abs().mean()) == pytest.approx(m, abs=1e-4)
    pairs = occupation.paired(ring(sites, sites // 2, sites // 2, -u), seeded(), 1)
    assert pairs.energy == pytest.approx(energy - u * sites / 2, abs=1e-6)


def test_pairs_away_from_half_filling_solve_gap_and_number() -> None:
    """``1 = |U| mean_k 1 / (2 E_k)`` and ``n = mean_k (1 - (e_k - mu) / E_k)`` with ``E_k = hypot(e_k - mu, gap)``."""
    sites, u, n = 8, 4.0, 6
    e = bands(sites)

    def potential(gap: float) -> float:
        return brentq(lambda mu: np.sum(1 - (e - mu) / np.hypot(e - mu, gap)) - n, -20, 20)

    gap = brentq(lambda gap: 1 - u / 2 * np.mean(1 / np.hypot(e - potential(gap), gap)), 1e-3, 10)
    share = 1 - (e - potential(gap)) / np.hypot(e - potential(gap), gap)
    energy = e @ share - sites * (gap**2 / u + u * (n / 2 / sites) ** 2)
    assert occupation.paired(ring(sites, 3, 3, -u), seeded(), 1).energy == pytest.approx(energy, abs=1e-7)


@pytest.mark.parametrize("counts", [(2, 2), (3, 1), (1, 2)])
def test_without_repulsion_it_is_the_sum_of_the_lowest_levels(counts: tuple[int, int]) -> None:
    levels = np.sort(bands(5))
    found = occupation.hartree_fock(ring(5, *counts, 0.0), seeded(), 2)
    assert found.energy == pytest.approx(sum(levels[:count].sum() for count in counts), abs=1e-10)
    if counts[1] <= counts[0]:
        pairs = occupation.paired(ring(5, *counts, 0.0), seeded(), 1)
        assert pairs.energy == pytest.approx(found.energy, abs=1e-8)


MODELS = {
    "hubbard": ring(6, 2, 3, 4.0),
    "extended, unequal": ring(5, 3, 1, 4.0, 1.5),
    "more down": ring(5, 1, 3, 4.0, 1.5),
    "spinless": occupation.t_v(occupation.lattice("chain", [6]), 3, 3.0),
}


@pytest.mark.parametrize("name", MODELS)
def test_the_determinant_has_the_energy_of_the_mean_field(name: str) -> None:
    """Over all configurations; the exact ground state is below it, and the determinant of free levels above."""
    model = MODELS[name]
    found = occupation.hartree_fock(model, seeded(), 4)
    assert found.energy == found.energies[0] == min(found.energies)
    assert energy_of(determinant(found, model), model) == pytest.approx(found.energy, abs=1e-9)
    assert float(occupation.exact_states(model).energies[0]) < found.energy
    free = occupation.MeanField(0.0, (0.0,), occupation.lowest_orbitals(model.one_body), 0)
    above = energy_of(determinant(free, model), model) - found.energy
    assert above > (0.01 if name in ("hubbard", "spinless") else -1e-9)
    again = occupation.hartree_fock(model, seeded(), 4)
    assert torch.equal(again.orbitals, found.orbitals)


@pytest.mark.parametrize("triplets", [False, True])
@pytest.mark.parametrize("name", ["hubbard", "extended, unequal", "more down"])
def test_a_pfaffian_begins_as_the_determinant(name: str, triplets: bool) -> None:
    """Also where particles of the majority have no partner, in the border or paired among themselves."""
    model = MODELS[name]
    found = occupation.hartree_fock(model, seeded(), 2)
    psi = pfaffian(found, model, 4, triplets)
    assert energy_of(psi, model) == pytest.approx(found.energy, abs=1e-9)


@pytest.mark.parametrize("single", [0, 1])
def test_the_pairing_function_is_that_of_the_mean_field(single: int) -> None:
    """The energy of the whole state, its parts of all numbers of particles together."""
    sites, u = 4, -3.0
    model = ring(sites, 1 + single, 1, u)
    found = occupation.paired(model, seeded(), 1)
    norm, energy, count = 1.0 - single, 0.0, 0.0  # the state without particles
    for pairs in range(1 - single, sites - single + 1):
        part = ring(sites, pairs + single, pairs, u)
        x = part.particles.every()
        f = found.orbitals[0, :, :sites] @ found.orbitals[1, :, :sites].T
        matrix = torch.cat((f, found.orbitals[0, :, sites:]), 1)
        amplitudes = torch.stack([_amplitude(matrix, ones) for ones in x])
        connected = part.operators.connected(x)
        places = (x[:, None] == connected.y[None]).all((-1, -2)).double().argmax(0)
        applied = connected.diagonal * amplitudes
        applied.index_add_(0, places, connected.elements * amplitudes[connected.walkers])
        norm += float(amplitudes @ amplitudes)
        energy += float(amplitudes @ applied)
        count += (2 * pairs + single) * float(amplitudes @ amplitudes)
    assert energy / norm == pytest.approx(found.energy, abs=1e-6)
    assert count / norm == pytest.approx(model.particles.n, abs=1e-6)


def _amplitude(matrix: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """``det [F, U]`` of the rows of up particles and the columns of down ones."""
    up, down = (spin.nonzero()[:, 0] for spin in x)
    columns = torch.cat((down, torch.arange(len(x[0]), matrix.shape[1])))
    return torch.linalg.det(matrix[up][:, columns])


@pytest.mark.parametrize("triplets", [False, True])
def test_a_pfaffian_of_pairs_is_that_of_the_pairing_function(triplets: bool) -> None:
    model = ring(4, 2, 2, -3.0)
    found = occupation.paired(model, seeded(), 1)
    f = found.orbitals[0] @ found.orbitals[1].T
    x = model.particles.every()
    with torch.no_grad():
        psi = pfaffian(found, model, 4, triplets)(x)
    wanted = torch.stack([_amplitude(f, ones) for ones in x])
    value = psi.sign * psi.log.exp()
    wanted = wanted * (value @ wanted) / (wanted @ wanted)
    assert float(value.norm()) > 0.1
    assert torch.allclose(value, wanted, atol=1e-9 * float(value.norm()))


def test_the_energy_does_not_change_under_relabelling() -> None:
    """Nor does the one of all its states: sites have new names, in every operator."""
    model = MODELS["extended, unequal"]
    order = torch.randperm(5, generator=seeded()).tolist()
    products = [
        (value, tuple(f._replace(site=order[f.site]) for f in key)) for key, value in model.operators.products.items()
    ]
    other = occupation.of_products(products, model.particles)
    energies = [occupation.hartree_fock(m, seeded(), 6).energy for m in (model, other)]
    assert energies[0] == pytest.approx(energies[1], abs=1e-8)


def test_a_wrong_contraction_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without exchange the energy of equal spins is not that of their determinant."""
    right = occupation.Uncorrelated.__call__
    model = MODELS["spinless"]
    found = occupation.hartree_fock(model, seeded(), 2)

    def direct(self, r):
        p = r[:6, :6]
        pairs = [(v, k) for k, v in model.operators.products.items() if len(k) == 4]
        return right(self, r) - sum(v * p[k[0].site, k[3].site] * p[k[1].site, k[2].site] for v, k in pairs)

    monkeypatch.setattr(occupation.Uncorrelated, "__call__", direct)
    wrong = occupation.hartree_fock(model, seeded(), 2)
    assert abs(wrong.energy - energy_of(determinant(wrong, model), model)) > 0.1
    assert energy_of(determinant(found, model), model) == pytest.approx(found.energy, abs=1e-9)


@pytest.mark.parametrize(
    ("model", "find", "part"),
    [
        (ring(4, 1, 2, 1.0), occupation.paired, "not fewer up ones, came 1 up and 2 down"),
        (ring(4, 2, 0, 1.0), occupation.paired, "expected down particles"),
        (
            occupation.hubbard(occupation.lattice("chain", [4], boundary=0.3), 2, 2, 1.0),
            occupation.hartree_fock,
            "expected real products of at most four operators",
        ),
        (
            occupation.of_products(
                [(1.0, tuple(itertools.chain(*(occupation.parse(f"{i}u^ {i}u") for i in range(3)))))],
                occupation.SiteFermions(3, 0, 1, 4),
            ),
            occupation.hartree_fock,
            "'0u\\^ 1u\\^ 2u\\^ 0u 1u 2u'",
        ),
    ],
)
def test_what_has_no_mean_field_is_named(model, find, part: str) -> None:
    with pytest.raises(UserError, match=part):
        find(model, seeded(), 1)
