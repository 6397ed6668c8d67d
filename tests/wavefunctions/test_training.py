"""Moves, gradients and optimisers against closed forms."""

import math
from copy import deepcopy

import pytest
import torch

from gaugeflow.errors import UserError
from gaugeflow.montecarlo import Metropolis
from gaugeflow.montecarlo.errors import estimate
from gaugeflow.wavefunctions import Gaussian, Particles, Product, harmonic_trap, local_energy
from gaugeflow.wavefunctions.optimizers import natural_gradient
from gaugeflow.wavefunctions.optimizers.adam import Adam
from gaugeflow.wavefunctions.optimizers.clipping import clip_about_median
from gaugeflow.wavefunctions.optimizers.log_derivatives import log_derivatives, trained, weighted_gradient
from gaugeflow.wavefunctions.optimizers.natural_gradient import NaturalGradient, natural_direction
from gaugeflow.wavefunctions.optimizers.optimizer import ALONE, decayed
from gaugeflow.wavefunctions.optimizers.sample_derivatives import Rows
from tests.wavefunctions.cases import exact_dot, exact_free, network, seeded

A, OMEGA = 1.7, 1.0


def stretched():
    """Two free particles in a plane with a Gaussian of the wrong width A, which is learned: E(a) = (a + omega^2/a)."""
    particles = Particles(1, 1, 2)
    _, psi = exact_free(1, 1, 2)
    return harmonic_trap(particles, OMEGA), Product(psi.ansatz, [Gaussian(particles, A, learned=True)])


def drawn_from(psi, batch):
    """Exact samples of its density, normal with variance 1/(2a)."""
    return torch.randn(batch, 2, 2, generator=seeded(), dtype=torch.float64) / math.sqrt(2 * A)


@pytest.mark.parametrize("move", ["all", "one", "langevin"])
def test_walkers_have_the_density_of_two_free_fermions(move):
    """<sum x^2> is the energy over omega^2, by the virial theorem; the nodes do not stop the walkers' second moment."""
    hamiltonian, psi = exact_free(2, 0, 1)
    generator = seeded()
    sampler = Metropolis(lambda x: 2 * psi(x).log, move, 0.1, steps=5)
    x = torch.randn(100, 2, 1, generator=generator, dtype=torch.float64)
    sampler.warmup = True
    for _ in range(40):
        x, _ = sampler.update(x, generator)
    sampler.warmup, width = False, sampler.width
    squares, acceptance = [], []
    for _ in range(40):
        x, info = sampler.update(x, generator)
        squares.append(x.square().sum((1, 2)))
        acceptance.append(float(info["acceptance"].mean()))
    found = estimate(torch.stack(squares, 1))
    assert abs(found.value - hamiltonian.reference.energy) < 4 * found.error
    assert found.error < 0.08
    assert 0.5 < sum(acceptance) / len(acceptance) < 0.55
    assert sampler.width == width
    assert sampler.state_dict() == {"width": width}


def test_a_move_to_where_the_density_is_not_a_number_is_refused():
    sampler = Metropolis(lambda x: torch.where(x[:, 0, 0] > 0, torch.nan, 0.0), width=1.0)
    x, info = sampler.update(-torch.ones(50, 1, 1, dtype=torch.float64), seeded())
    assert bool((x < 0).all())
    assert 0 < float(info["acceptance"].mean()) < 1


def test_the_gradient_of_the_energy():
    """dE/d log a = a - omega^2/a from samples, as 2 <(E - <E>) d log psi>."""
    hamiltonian, psi = stretched()
    x = drawn_from(psi, 20000)
    energies = local_energy(psi, hamiltonian, x)
    (slope,) = weighted_gradient(psi, x, 2 * (energies - energies.mean()) / len(x))
    assert float(energies.mean()) == pytest.approx(A + OMEGA**2 / A, rel=0.02)
    assert float(slope) == pytest.approx(A - OMEGA**2 / A, rel=0.05)


def test_the_natural_gradient_of_a_gaussian_is_exact_on_any_samples():
    """E_L is linear in d log psi / d log a = -a r^2/2, so phi = -(omega^2 - a^2)/a without a statistical error."""
    hamiltonian, psi = stretched()
    x = drawn_from(psi, 12)
    direction = natural_direction(Rows(log_derivatives(psi, x)), local_energy(psi, hamiltonian, x), 1e-12)
    assert float(direction) == pytest.approx((A**2 - OMEGA**2) / A, rel=1e-9)


@pytest.mark.parametrize("momentum", [False, True])
@pytest.mark.parametrize("parameters", [3, 40])
def test_the_direction_minimises_what_it_should(momentum, parameters):
    """argmin |O phi - e|^2 + damping |phi - m|^2 by the normal equations in the space of parameters."""
    derivatives = torch.randn(10, parameters, generator=seeded(), dtype=torch.float64)
    energies = torch.randn(10, generator=seeded(1), dtype=torch.float64)
    m = (
        torch.randn(parameters, generator=seeded(2), dtype=torch.float64)
        if momentum
        else torch.zeros(parameters).double()
    )
    o, e = (derivatives - derivatives.mean(0)) / 10**0.5, (energies - energies.mean()) / 10**0.5
    wanted = torch.linalg.solve(o.T @ o + 0.1 * torch.eye(parameters).double(), o.T @ e + 0.1 * m)
    found = natural_direction(Rows(derivatives), energies, 0.1, m if momentum else None)
    torch.testing.assert_close(found, wanted, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("numbers", [1, 2], ids=["real", "complex"])
def test_samples_and_parameters_give_one_direction(numbers, monkeypatch):
    """In parts of three samples and three parameters; of a complex psi each sample has two rows."""
    for name in ("AT_ONCE", "COLUMNS"):
        monkeypatch.setattr(natural_gradient, name, 3)
    rows, missing = (torch.randn(10 * numbers, *shape, generator=seeded(), dtype=torch.float64) for shape in [(7,), ()])
    weights = torch.rand(10, generator=seeded(1), dtype=torch.float64).softmax(0)
    centred = natural_gradient._centred(missing, weights)
    found, wanted = (
        way(Rows(rows), centred, 0.1, ALONE, weights)
        for way in (natural_gradient._by_parameters, natural_gradient._by_samples)
    )
    torch.testing.assert_close(found, wanted, rtol=1e-10, atol=1e-12)


def test_log_derivatives_are_those_of_each_walker():
    _, psi = network("dot 2 + 1", "pfaffians with triplets")
    x = torch.randn(5, 3, 2, generator=seeded(), dtype=torch.float64)
    before = list(psi.parameters())  # the backbone stands in two places
    rows = log_derivatives(psi, x, chunk_size=2)
    assert rows.shape == (5, sum(p.numel() for p in trained(psi).values()))
    assert all(p is q for p, q in zip(before, psi.parameters(), strict=True))
    for index, row in enumerate(rows):
        alone = weighted_gradient(psi, x[index : index + 1], torch.ones(1, dtype=torch.float64))
        torch.testing.assert_close(row, torch.cat([slope.flatten() for slope in alone]), rtol=1e-9, atol=1e-11)
    parameter, slope = next(iter(trained(psi).values())), rows[0, 0]
    logs = []
    with torch.no_grad():
        for step in (1e-6, -2e-6):
            parameter.view(-1)[0] += step
            logs.append(float(psi(x[:1]).log))
        parameter.view(-1)[0] += 1e-6
    assert float(slope) == pytest.approx((logs[0] - logs[1]) / 2e-6, rel=1e-6)
    weights = torch.randn(5, generator=seeded(1), dtype=torch.float64)
    together = torch.cat([slope.flatten() for slope in weighted_gradient(psi, x, weights)])
    torch.testing.assert_close(together, weights @ rows, rtol=1e-9, atol=1e-10)


def test_a_change_is_not_longer_than_the_limit():
    hamiltonian, psi = stretched()
    x = drawn_from(psi, 12)
    before = psi.factors[0].log_omega.item()
    norm = NaturalGradient(rate=1.0, norm_limit=0.01).step(psi, x, local_energy(psi, hamiltonian, x))
    assert norm == pytest.approx(0.01)
    assert psi.factors[0].log_omega.item() == pytest.approx(before - 0.01)


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_the_natural_gradient_finds_the_width(momentum):
    hamiltonian, psi = stretched()
    optimizer = NaturalGradient(rate=0.3, damping=1e-9, momentum=momentum, norm_limit=1.0)
    for _ in range(40):
        x = drawn_from(psi, 12)
        optimizer.step(psi, x, local_energy(psi, hamiltonian, x))
    assert psi.factors[0].log_omega.item() == pytest.approx(math.log(OMEGA), abs=1e-4)


def test_adam_goes_down_the_energy_and_continues_from_its_state():
    hamiltonian, psi = stretched()
    x = drawn_from(psi, 500)
    optimizer = Adam(psi, rate=0.05)
    assert optimizer.step(psi, x, local_energy(psi, hamiltonian, x)) == pytest.approx(0.05, rel=1e-3)
    assert psi.factors[0].log_omega.item() == pytest.approx(math.log(A) - 0.05, rel=1e-3)
    again = deepcopy((psi, optimizer.state_dict()))
    optimizer.step(psi, x, local_energy(psi, hamiltonian, x))
    other = Adam(again[0], rate=0.05)
    other.load_state_dict(again[1])
    other.step(again[0], x, local_energy(again[0], hamiltonian, x))
    assert again[0].factors[0].log_omega.item() == psi.factors[0].log_omega.item()


def test_adam_follows_the_gradient_of_the_energy():
    """What it is given is 2 <(E - <E>) d log psi>, which no constant in the energies changes."""
    hamiltonian, psi = stretched()
    x = drawn_from(psi, 50)
    energies, rows = local_energy(psi, hamiltonian, x), log_derivatives(psi, x)
    wanted = 2 * ((energies - energies.mean()) @ rows) / len(x)
    Adam(psi).step(psi, x, energies + 100.0)
    torch.testing.assert_close(psi.factors[0].log_omega.grad.view(1), wanted, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_clipping_moves_outliers_only(sign):
    """Those above and those below: energies turned round are clipped as much."""
    energies = torch.tensor([1.0, 2.0, 3.0, 4.0, 1000.0])
    clipped = clip_about_median(sign * energies, 2.0)
    reach = 2 * (2 + 1 + 0 + 1 + 997) / 5
    torch.testing.assert_close(sign * clipped, torch.tensor([1.0, 2.0, 3.0, 4.0, 3 + reach]))


def test_clipping_counts_each_sample_as_its_weight_says():
    """As if it came so many times."""
    energies, times = torch.tensor([4.0, 1000.0, 2.0, -7.0]).double(), torch.tensor([3, 1, 4, 2])
    clipped = clip_about_median(energies, 2.0, times / 10)
    repeated = clip_about_median(energies.repeat_interleave(times), 2.0)
    torch.testing.assert_close(clipped.repeat_interleave(times), repeated)


@pytest.mark.parametrize("momentum", [False, True])
def test_a_direction_counts_each_sample_as_its_weight_says(momentum):
    """As if it came so many times."""
    times, size = torch.tensor([3, 1, 4, 2]), 6
    rows, energies, m = (torch.randn(*s, generator=seeded(), dtype=torch.float64) for s in ((4, size), (4,), (size,)))
    kept = m if momentum else None
    found = natural_direction(Rows(rows), energies, 0.1, kept, weights=times / 10)
    each = (t.repeat_interleave(times, 0) for t in (rows, energies))
    torch.testing.assert_close(found, natural_direction(Rows(next(each)), next(each), 0.1, kept))


def test_adam_counts_each_walker_as_its_weight_says():
    """As if it came so many times."""
    _, psi = stretched()
    x, times = drawn_from(psi, 4), torch.tensor([3, 1, 4, 2])
    slopes = []
    for walkers, weights in ((x, times / 10), (x.repeat_interleave(times, 0), None)):
        Adam(psi).step(psi, walkers, walkers.square().sum((1, 2)), weights)
        slopes.append(psi.factors[0].log_omega.grad.clone())
        _, psi = stretched()
    torch.testing.assert_close(*slopes)


def test_the_learning_rate_decays():
    """As 1/(1 + step/decay): the same walkers, energies and direction change half as much at the step `decay`."""
    assert [decayed(0.3, step, 20.0) for step in (0, 20, 60)] == pytest.approx([0.3, 0.15, 0.075])
    hamiltonian, _ = stretched()
    for make, steps in (
        (lambda psi: NaturalGradient(rate=0.3, momentum=0.0, norm_limit=9.0, decay=20.0), 20),
        (adam, 5),
    ):
        norms = []
        for step in (0, steps):
            _, psi = stretched()
            optimizer = make(psi)
            optimizer.steps = step
            x = drawn_from(psi, 12)
            norms.append(optimizer.step(psi, x, local_energy(psi, hamiltonian, x)))
        assert norms[1] == pytest.approx(norms[0] / 2, rel=1e-6)


def adam(psi):
    return Adam(psi, rate=0.05, decay=5.0)


def test_spring_keeps_its_share_of_the_direction_before():
    """Each direction is the one that `natural_direction` gives with `momentum` times the one before, and no more."""
    hamiltonian, psi = exact_dot(1, 1, 2, 1.0)
    with torch.no_grad():
        psi.factors[1].log_range += 0.5
    optimizer, before = NaturalGradient(rate=0.1, damping=0.5, momentum=0.7, norm_limit=9.0), 0.0
    for step in range(3):
        x = torch.randn(20, 2, 2, generator=seeded(step), dtype=torch.float64)
        energies, rows = local_energy(psi, hamiltonian, x), Rows(log_derivatives(psi, x))
        kept = 0.7 * before if step else torch.zeros(rows.size, dtype=torch.float64)
        before = natural_direction(rows, energies, 0.5, kept)
        optimizer.step(psi, x, energies)
        torch.testing.assert_close(optimizer.direction, before, rtol=1e-8, atol=1e-12)


def test_exact_wavefunctions_do_not_move():
    """Zero variance: the natural gradient of an exact state vanishes on any samples."""
    hamiltonian, psi = exact_dot(1, 1, 2, 1.0)
    x = torch.randn(20, 2, 2, generator=seeded(), dtype=torch.float64)
    before = psi.factors[1].log_range.clone()
    assert NaturalGradient().step(psi, x, local_energy(psi, hamiltonian, x)) < 1e-9
    torch.testing.assert_close(psi.factors[1].log_range, before, rtol=0, atol=1e-9)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Metropolis(lambda x: x, "leap"), "one of the moves all, one, langevin, came 'leap'"),
        (lambda: Metropolis(lambda x: x, steps=0), "at least one step"),
        (lambda: NaturalGradient(damping=0.0), "expected positive rate, damping"),
        (lambda: NaturalGradient(momentum=1.0), "a momentum in"),
        (lambda: NaturalGradient(jacobian="none"), "a jacobian of implicit, explicit, came 'none'"),
    ],
)
def test_refuses(make, message):
    with pytest.raises(UserError, match=message):
        make()
