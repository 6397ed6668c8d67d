"""Diffusion Monte Carlo against closed forms: exact trials, an oscillator's transfer matrix, nodes known exactly."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
import torch

from gaugeflow.errors import UserError
from gaugeflow.wavefunctions import (
    Determinants,
    Diffusion,
    Gaussian,
    HarmonicOrbitals,
    Particles,
    Product,
    extrapolated,
    gradient_and_laplacian,
    harmonic_trap,
    local_energy,
    mixed_estimate,
    molecule,
    trial_guide,
)
from gaugeflow.wavefunctions.diffusion.guide import Guided
from gaugeflow.wavefunctions.diffusion.mixed_estimator import population_weights
from gaugeflow.wavefunctions.diffusion.population import effective_share, reconfigured
from gaugeflow.wavefunctions.diffusion.propagator import limited_drift, log_weights
from tests.wavefunctions.cases import EXACT, network, seeded, well_apart

WIDTH = 0.7
"""Of the Gaussian of the trial, where 1 is exact."""


def free(n_up, width=WIDTH):
    """Fermions of one spin on a line in a trap, and a trial with the exact nodes and a wrong width."""
    particles = Particles(n_up, 0, 1)
    ansatz = Determinants(HarmonicOrbitals(particles, 1.0, particles.counts))
    return harmonic_trap(particles, 1.0), Product(ansatz, [Gaussian(particles, width)])


def populations(hamiltonian, psi, time_steps: Sequence[float], walkers: int, equilibration: float, seed=3):
    """Of walkers that are normal around the origin, with the width of the trial where that is a Gaussian."""
    particles = hamiltonian.particles
    shape = (len(time_steps), walkers, particles.n, particles.dimension)
    x = torch.randn(shape, generator=seeded(seed), dtype=torch.float64) / math.sqrt(2 * WIDTH)
    steps = torch.tensor(time_steps, dtype=torch.float64)
    return Diffusion(trial_guide(psi, hamiltonian), x, steps, equilibration)


def history(process: Diffusion, generations: int, seed=4) -> dict[str, np.ndarray]:
    """Columns ``(generations, K)``."""
    generator = seeded(seed)
    rows = [process.step(generator) for _ in range(generations)]
    return {name: torch.stack([getattr(row, name) for row in rows]).numpy() for name in rows[0]._fields}


def energies(found: dict[str, np.ndarray], begins: Sequence[int], memory: float):
    columns = [[found[name][:, k] for name in ("energy", "growth", "duration")] for k in range(len(begins))]
    return [mixed_estimate(*own, memory, begin) for own, begin in zip(columns, begins, strict=True)]


def matrix_energy(time_step: float, width: float, points: int = 160, reach: float = 6.5) -> float:
    """The mixed energy of one particle in the trap with finite time steps: a generation as a matrix on a grid.

    psi = exp(-width x^2/2), so V = -width x and E_L = width/2 + (1 - width^2) x^2/2.
    """
    x, spacing = np.linspace(-reach, reach, points, retstep=True)
    energy = width / 2 + (1 - width**2) * x**2 / 2
    limit = 2 / (1 + np.sqrt(1 + (width * x) ** 2 * time_step))  # a = 1/2
    noise = x[:, None] - x - time_step * (-width * x * limit)  # to the row from the column
    proposal = np.exp(-(noise**2) / (2 * time_step)) * spacing / np.sqrt(2 * np.pi * time_step)
    density = np.exp(-width * x**2)
    accepted = np.minimum(1, density[:, None] * proposal.T / (density * np.maximum(proposal, 1e-300)))
    moves = accepted * proposal
    state, reference, passed = density / density.sum(), 0.5, time_step
    for _ in range(4):
        weight = np.exp(-passed * limit * (energy - reference) / 2)
        stay = np.diag(1 - moves.sum(0))
        state = np.linalg.matrix_power(weight[:, None] * (moves + stay) * weight, 4096) @ state
        state /= state.sum()
        reference = (state * energy).sum()
        squared = proposal * noise**2
        passed = time_step * ((accepted * squared) @ state).sum() / (squared @ state).sum()
    return float(reference)


@pytest.mark.parametrize("name", ["hydrogen", "free 2D, 6", "dot triplet", "Calogero, pair product"])
def test_an_exact_trial_has_no_variance(name: str) -> None:
    make, exact = EXACT[name]
    hamiltonian, psi = make()
    x = well_apart(hamiltonian, 24).unflatten(0, (3, 8))
    process = Diffusion(trial_guide(psi, hamiltonian), x, torch.tensor([0.01, 0.02, 0.04]), 0.05)
    found = history(process, 6)
    for estimator in ("energy", "growth"):
        np.testing.assert_allclose(found[estimator], exact, rtol=1e-7)
    np.testing.assert_allclose(found["share"], 1.0, rtol=1e-9)
    assert (process.walkers.sign != 0).all()
    assert not torch.equal(process.walkers.x, x)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_the_guide_is_the_wavefunction_with_its_derivatives(dtype: torch.dtype) -> None:
    hamiltonian, psi = network("LiH")
    x, psi = well_apart(hamiltonian, 6), psi.to(dtype)
    found = trial_guide(psi, hamiltonian, chunk_size=4)(x)
    loose = {"rtol": 1e-9, "atol": 1e-9} if dtype == torch.float64 else {"rtol": 1e-3, "atol": 1e-3}
    exact = psi.double()
    torch.testing.assert_close(found.energy, local_energy(exact, hamiltonian, x), **loose)
    torch.testing.assert_close(found.drift, gradient_and_laplacian(exact, x)[0], **loose)
    torch.testing.assert_close(found.log, exact(x).log, **loose)
    assert torch.equal(found.sign, exact(x).sign)
    assert {part.dtype for part in found} == {torch.float64}


def test_the_time_step_error_of_the_oscillator_is_of_first_order() -> None:
    off = [matrix_energy(tau, WIDTH) - 0.5 for tau in (0.1, 0.05, 0.025)]
    assert 1.85 < off[0] / off[1] < off[1] / off[2] < 2
    assert matrix_energy(0.1, 1.0) == pytest.approx(0.5, abs=1e-12)


@pytest.mark.slow
def test_an_oscillator_with_a_wrong_width() -> None:
    """Each time step gives the energy of its transfer matrix, and the extrapolation the exact one."""
    steps = [0.1, 0.2, 0.4]
    process = populations(*free(1), steps, 900, 4.0)
    found = energies(history(process, 340), process.begins.tolist(), 4.0)
    for tau, own in zip(steps, found, strict=True):
        assert abs(own.value - matrix_energy(tau, WIDTH)) < 3 * own.error
        assert own.error < 2e-3
    values, errors = (np.array([getattr(own, name) for own in found]) for name in ("value", "error"))
    line = extrapolated(np.array(steps), values, errors)
    assert abs(line.value - 0.5) < 3 * line.error + 1e-3  # the curvature of these large steps


def test_the_exact_node_gives_the_exact_energy() -> None:
    """Two fermions on a line: x_1 = x_2 is the node whatever the width, and E = 1/2 + 3/2; the trial has 2.13."""
    steps = [0.02, 0.04, 0.08]
    process = populations(*free(2), steps, 500, 2.0)
    found = history(process, 260)
    own = energies(found, process.begins.tolist(), 2.0)
    line = extrapolated(np.array(steps), np.array([one.value for one in own]), np.array([one.error for one in own]))
    assert abs(line.value - 2.0) < 3 * line.error
    assert line.error < 1.5e-2
    assert (found["crossed"].mean(0) > 1e-4).all()


def test_walkers_never_cross_a_node() -> None:
    """All begin in one order on the line, and keep it; proposals do not."""
    hamiltonian, psi = free(3)
    x = torch.randn(2, 50, 3, 1, generator=seeded(), dtype=torch.float64).sort(2).values
    process = Diffusion(trial_guide(psi, hamiltonian), x, torch.tensor([0.3, 0.6]), 1.0)
    found = history(process, 10)
    assert (found["crossed"] > 0).all()
    assert bool((process.walkers.x.diff(dim=2) > 0).all())


def test_the_bias_of_small_populations_is_weighted_away() -> None:
    """200 populations of 5 walkers: the energy is too high, with the weights of whole populations it is right."""
    tau, count = 0.4, 200
    process = populations(*free(1), [tau] * count, 5, 4.0)
    found, exact, begins = history(process, 400), matrix_energy(tau, WIDTH), 10
    off = {}
    for memory in (0.0, 8.0):
        pairs = zip(found["growth"].T, found["duration"].T, strict=True)
        weights = np.stack([population_weights(*own, memory) for own in pairs], 1)[begins:]
        means = (weights * found["energy"][begins:]).sum(0) / weights.sum(0)
        off[memory] = means.mean() - exact, means.std(ddof=1) / count**0.5
    assert off[0.0][0] > 5 * off[0.0][1]
    assert abs(off[8.0][0]) < 3 * off[8.0][1]
    assert off[8.0][1] < 0.5 * off[0.0][0]


def test_the_comb_copies_each_walker_as_often_as_it_weighs() -> None:
    weights = torch.tensor([[0.2, 3.0, 0.0, 1.3, 0.5], [1.0, 1.0, 1.0, 1.0, 1.0]], dtype=torch.float64)
    offsets = (torch.arange(1000, dtype=torch.float64) + 0.5) / 1000
    for own in weights:
        copies = torch.nn.functional.one_hot(reconfigured(own.expand(1000, 5), offsets), 5).sum(1).double()
        torch.testing.assert_close(copies.mean(0), own, rtol=0, atol=2e-3)
        assert bool(((copies - own).abs() < 1).all())
    torch.testing.assert_close(effective_share(weights), torch.tensor([25 / 5 / 10.98, 1.0], dtype=torch.float64))


def test_the_weight_of_a_walker() -> None:
    """From the local energies at both ends, each limited as its drift is, in the time that has passed."""
    hamiltonian, psi = free(1)
    ends = trial_guide(psi, hamiltonian)(torch.tensor([[[2.0]], [[0.0]]], dtype=torch.float64))
    before, after = (Guided(*(part[i].expand(1, 1, *part.shape[1:]) for part in ends)) for i in (0, 1))
    tau, passed, reference = (torch.tensor([value], dtype=torch.float64) for value in (0.1, 0.09, 0.6))
    far, middle = WIDTH / 2 + (1 - WIDTH**2) * 4 / 2, WIDTH / 2
    limit = 2 / (1 + math.sqrt(1 + (2 * WIDTH) ** 2 * 0.1))
    wanted = -0.09 * ((far - 0.6) * limit + (middle - 0.6)) / 2
    assert float(log_weights(before, after, tau, passed, reference)) == pytest.approx(wanted, rel=1e-12)


def test_time_passes_as_far_as_walkers_move() -> None:
    """The effective time step is that of the accepted diffusion, settled in the equilibration."""
    process = populations(*free(2), [0.1, 0.4], 400, 2.0)
    found = history(process, 30)
    begins = process.begins.tolist()
    assert begins == [20, 5]
    assert (np.diff(found["duration"], axis=0)[begins[0] :] == 0).all()
    shares = found["duration"][-1] / np.array([0.1, 0.4])
    rejected, missing = 1 - found["acceptance"].mean(0), 1 - shares
    assert (missing > 1.2 * rejected).all()  # long moves are rejected more often
    assert (missing < 3 * rejected).all()


def test_the_drift_is_limited_at_a_node_and_kept_elsewhere() -> None:
    tau = torch.tensor([0.01, 0.04], dtype=torch.float64)
    small, large = (limited_drift(torch.full((2, 1, 1, 1), v, dtype=torch.float64), tau) for v in (1e-3, 1e9))
    torch.testing.assert_close(small.flatten(), torch.tensor([1e-3, 1e-3], dtype=torch.float64), rtol=1e-7, atol=0)
    torch.testing.assert_close(large.flatten(), (4 / tau).sqrt())


def test_errors_are_those_of_the_spread_of_populations() -> None:
    """Of four that stay where they are, at 1, 2, 3 and 6, and of what their weights make of them."""
    energy = np.array([1.0, 2.0, 3.0, 6.0])[:, None] + np.random.default_rng(1).normal(0, 1e-9, (4, 40))
    flat, duration = np.zeros_like(energy), np.full_like(energy, 0.1)
    found = mixed_estimate(energy, flat, duration, 0.0, measured=7)
    assert (found.value, found.error) == (pytest.approx(3), pytest.approx((14 / 3 / 4) ** 0.5))
    assert (found.count, found.chains) == (4 * 33, 4)
    weighted = mixed_estimate(energy, energy, duration, 100.0, measured=7)
    assert weighted.value < 1.6  # the lowest has grown most
    weights = population_weights(energy, duration, 100.0)[:, 7:]
    assert weighted.value == pytest.approx((weights * energy[:, 7:]).sum() / weights.sum())


def test_population_weights_are_products_over_the_memory() -> None:
    growth, duration = np.array([1.0, 2.0, 4.0, 1.0]), np.full(4, 0.5)
    np.testing.assert_allclose(population_weights(growth, duration, 0.0), 1.0)
    logs = np.log(population_weights(growth, duration, 1.0))  # two generations
    np.testing.assert_allclose(np.diff(logs), [-(2 - 2) / 2, -(4 - 1) / 2, -(1 - 2) / 2])


def test_a_polynomial_through_energies() -> None:
    steps = np.array([0.1, 0.2, 0.4, 0.5])
    found = extrapolated(steps, -2 + 3 * steps, np.array([1.0, 2.0, 1.0, 3.0]))
    assert found.coefficients == pytest.approx((-2, 3))
    assert (found.freedom, found.warning) == (2, "")
    assert found.chi_squared == pytest.approx(0, abs=1e-12)
    curved = -2 + 3 * steps + 5 * steps**2
    assert extrapolated(steps, curved, np.full(4, 0.1), 2).value == pytest.approx(-2)
    assert "do not lie on the polynomial: chi^2" in extrapolated(steps, curved, np.full(4, 0.01)).warning
    draws = np.random.default_rng(1).normal(-2 + 3 * steps, 0.1, (2000, 4))
    values = [extrapolated(steps, draw, np.full(4, 0.1)).value for draw in draws]
    assert np.std(values) == pytest.approx(extrapolated(steps, draws[0], np.full(4, 0.1)).error, rel=0.06)
    with pytest.raises(UserError, match="expected 4 time steps for degree 2, came 3"):
        extrapolated(steps[:3], steps[:3], steps[:3], 2)


def test_a_population_that_explodes_or_stands_still_is_named() -> None:
    """A Gaussian has no cusp at the nucleus: walkers there have no limit to their weight."""
    hamiltonian = molecule(["H"], [[0.0, 0.0, 0.0]], "bohr")
    particles = hamiltonian.particles
    psi = Product(Determinants(HarmonicOrbitals(particles, 1.0, (1, 0))), [Gaussian(particles, 1.0)])
    x = torch.randn(1, 200, 1, 3, generator=seeded(), dtype=torch.float64)
    x[0, 0] = 1e-7
    process = Diffusion(trial_guide(psi, hamiltonian), x, torch.tensor([0.2]), 0.1)
    with pytest.raises(UserError, match=r"generation 0 with time step 0.2: the population explodes, 0.5 % .* smaller"):
        process.step(seeded())
    still = populations(*free(4), [200.0], 50, 1.0)
    with pytest.raises(UserError, match=r"time step 200: the population dies out, .* % of its moves are accepted; exp"):
        history(still, 3)


def test_what_is_no_population_is_refused() -> None:
    hamiltonian, psi = free(2)
    guide = trial_guide(psi, hamiltonian)
    with pytest.raises(UserError, match=r"expected walkers \(K, W, n, d\) and K time steps > 0, came \(2, 4, 2, 1\)"):
        Diffusion(guide, torch.ones(2, 4, 2, 1), torch.tensor([0.1]), 1.0)
    with pytest.raises(UserError, match="expected finite local energies at the start, 4 of them are not"):
        Diffusion(guide, torch.full((1, 4, 2, 1), math.nan), torch.tensor([0.1]), 1.0)
