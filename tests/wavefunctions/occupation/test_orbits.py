"""Sums over all configurations by orbits, against matrices and local energies of every configuration."""

import numpy as np
import pytest
import torch

from gaugeflow.errors import UserError
from gaugeflow.wavefunctions import occupation
from gaugeflow.wavefunctions.occupation.exact import Split
from gaugeflow.wavefunctions.optimizers.log_derivatives import log_derivatives
from gaugeflow.wavefunctions.optimizers.recorded_derivatives import check_recorded, recorded_derivatives
from gaugeflow.wavefunctions.optimizers.sample_derivatives import Rows
from tests.registry.occupation import RING, SECTORS, TORUS, TWISTED, network, twisted

DOPED = occupation.t_j(occupation.lattice("square", vectors=[[2, 1], [-1, 2]]), 2, 2, j=0.4)
WAYS = {
    "all apart": (RING, None),
    "no site twice": (DOPED, None),
    "turns with a phase": (TORUS, occupation.sector(TORUS.lattice, (0, 0), "E-")),
    "twisted": (TWISTED, None),
    "twisted, at k = 0": (TWISTED, occupation.sector(TWISTED.lattice, (0,), None, 1)),
} | {name: (RING, occupation.sector(RING.lattice, *of)) for name, of in SECTORS.items()}


def made(way: str):
    """The Hamiltonian, a network without training, in a sector or not, and its orbits."""
    hamiltonian, group = WAYS[way]
    psi = network(hamiltonian) if hamiltonian.operators.real else twisted(hamiltonian)
    return hamiltonian, psi if group is None else occupation.SiteProjected(psi, group), group


def dense(hamiltonian) -> tuple[np.ndarray, torch.Tensor]:
    """The matrix of the Hamiltonian and the places of all configurations in its rows."""
    split, every = Split(hamiltonian), hamiltonian.particles.every()
    size = split.shape[0] * split.shape[1]
    up, down = ((every[:, spin, None] == split.spaces[spin]).all(-1).double().argmax(1) for spin in (0, 1))
    return np.stack([split(row) for row in np.eye(size, dtype=split.kind)], 1), up * split.shape[1] + down


@pytest.mark.parametrize("way", WAYS)
def test_the_energy_is_the_quotient_of_rayleigh_with_the_whole_matrix(way: str) -> None:
    """In chunks of three orbits; the variance is that of the matrix too, and no sector leaves a configuration out."""
    hamiltonian, psi, group = made(way)
    orbits = occupation.Orbits(hamiltonian.particles, group)
    amplitudes = orbits.amplitudes(psi, chunk_size=3)
    found = orbits.mean(amplitudes, orbits.among(hamiltonian.operators))
    matrix, places = dense(hamiltonian)
    with torch.no_grad():
        value = psi(orbits.every)
    state = np.zeros(len(matrix), dtype=complex)
    state[places] = value.sign * (value.log - value.log.max()).exp()
    state /= np.linalg.norm(state)
    energy = np.vdot(state, matrix @ state).real
    assert found.value == pytest.approx(energy, abs=1e-12)
    assert found.variance == pytest.approx(np.linalg.norm(matrix @ state) ** 2 - energy**2, abs=1e-11)
    assert found.variance > 0.01 or len(orbits.sizes) == 3  # the odd ones have an energy each
    shares = orbits.spread(orbits.weights(amplitudes))
    np.testing.assert_allclose(shares, np.abs(state[places]) ** 2, atol=1e-14)


def test_orbits_are_of_the_group_and_those_without_a_value_are_left_out() -> None:
    """Each size divides the order; under an odd exchange of spins the same sites for both have none."""
    group = occupation.sector(RING.lattice, (1,), None, -1)
    orbits = occupation.Orbits(RING.particles, group)
    assert len(orbits.x) < len(orbits.every) / 4
    assert bool((len(group.orders) % orbits.sizes == 0).all())
    alike = (orbits.every[:, 0] == orbits.every[:, 1]).all(-1)
    assert bool(alike.any())
    assert not bool((orbits.x[:, 0] == orbits.x[:, 1]).all(-1).any())
    spread = orbits.spread(orbits.sizes / orbits.sizes.sum())
    assert bool((spread[alike] == 0).all())
    assert float(spread.sum()) == pytest.approx(1)


def test_draws_from_orbits_have_the_density_of_all_configurations() -> None:
    """The shares are those that psi has on every configuration, one by one."""
    _, psi, group = made("k = pi, odd")
    orbits = occupation.Orbits(RING.particles, group)
    shares = orbits.spread(occupation.Enumerated(lambda x: psi(x).log, RING.particles, orbits=orbits).shares(orbits.x))
    with torch.no_grad():
        torch.testing.assert_close(shares, psi(orbits.every).log.softmax(0), atol=1e-14, rtol=0)


@pytest.mark.parametrize("route", [occupation.SiteProjected, occupation.SiteCanonical])
@pytest.mark.parametrize("way", ["k = 0, A1, even", "k = pi / 2, even", "twisted, at k = 0"])
def test_derivatives_of_a_network_in_a_sector_are_those_of_each_sample(way: str, route) -> None:
    """Stored layers, of a projected one with images of each sample, give the Gram matrix of the rows."""
    _, projected, group = made(way)
    psi, x = route(projected.psi, group), occupation.Orbits(RING.particles, group).x
    found, rows = recorded_derivatives(psi, x, chunk_size=2), Rows(log_derivatives(psi, x))
    check_recorded(psi, x, found)
    torch.testing.assert_close(found.gram(found), rows.gram(rows), atol=1e-10, rtol=1e-10)
    torch.testing.assert_close(found.norm(), float(rows.rows.norm()))
    torch.testing.assert_close(found.matrix(slice(1, 3)), rows.rows[1:3])


def test_too_many_configurations_for_orbits() -> None:
    with pytest.raises(UserError, match="at most 10 configurations, 2 up and 2 down on 4 sites have 36"):
        occupation.Orbits(RING.particles, most=10)
