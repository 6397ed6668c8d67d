"""Wavefunctions on sites: determinants by hand, exact local energies, samples of the density, projected sectors."""

import numpy as np
import pytest
import torch

from gaugeflow.errors import UserError
from gaugeflow.linalg import signed_log_det
from gaugeflow.montecarlo import Metropolis
from gaugeflow.symmetry import SignedLog, Verdict
from gaugeflow.symmetry.claims import Action, Equivariance
from gaugeflow.wavefunctions import Determinants, NaturalGradient, Pfaffians, occupation
from gaugeflow.wavefunctions.occupation.exact import Split
from gaugeflow.wavefunctions.occupation.sectors.canonical_form import canonical_form, odd_exchanges
from gaugeflow.wavefunctions.optimizers.adam import Adam
from gaugeflow.wavefunctions.optimizers.clipping import clip_about_median
from gaugeflow.wavefunctions.optimizers.log_derivatives import log_derivatives
from gaugeflow.wavefunctions.optimizers.natural_gradient import natural_direction
from gaugeflow.wavefunctions.optimizers.recorded_derivatives import check_recorded, recorded_derivatives
from gaugeflow.wavefunctions.optimizers.sample_derivatives import Rows
from gaugeflow.wavefunctions.wavefunction import LogPsi
from tests.registry.occupation import (
    RING,
    TORUS,
    TWISTED,
    hidden,
    hidden_pairs,
    network,
    seeded,
    signed,
    states,
    twisted,
)

X = RING.particles.every()
EXACT = occupation.exact_states(RING)


def exact_psi(x: torch.Tensor) -> LogPsi:
    """The ground state of the ring."""
    up, down = (torch.tensor(np.asarray(space)) for space in Split(RING).spaces)
    i, j = ((x[:, s, None] == space).all(-1).double().argmax(1) for s, space in enumerate((up, down)))
    value = torch.from_numpy(EXACT.states[0])[i, j]
    return LogPsi(value.sign(), value.abs().clamp(min=1e-300).log())


def test_the_exact_state_has_one_local_energy() -> None:
    """Every sign of every hop counts, and the local S^2 of a singlet is zero."""
    amplitudes = exact_psi(X)
    there = amplitudes.log > -20
    energies = occupation.local_value(exact_psi, RING.operators, RING.particles, X[there])
    assert torch.allclose(energies, torch.full_like(energies, float(EXACT.energies[0])), atol=1e-8)
    spin = occupation.total_spin_operator(4, 2, 2)
    assert float(occupation.local_value(exact_psi, spin, RING.particles, X[there], chunk_size=7).abs().max()) < 1e-8
    assert RING.operators.keeps_spin
    assert not occupation.Operators([(1.0, occupation.parse("0u^ 0u"))], 4).keeps_spin


def test_total_spin_of_known_states() -> None:
    """Two up particles are a triplet; so is the odd sum of an up and a down one on two sites."""
    for n_up, n_down, wanted in ((2, 0, [2.0]), (1, 1, [0.0, 0.0, 0.0, 2.0]), (1, 0, [0.75, 0.75])):
        spin = occupation.total_spin_operator(2, n_up, n_down)
        model = occupation.SiteHamiltonian(occupation.SiteFermions(n_up, n_down, 1, 2), spin)
        assert occupation.exact_states(model, len(wanted)).energies == pytest.approx(wanted, abs=1e-12)


def test_a_wrong_sign_in_one_hop_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    products = dict(RING.operators.products)
    key = next(factors for factors in products if len(factors) == 2 and factors[0].site != factors[1].site)
    wrong = occupation.Operators([(-v if k == key else v, k) for k, v in products.items()], 4)
    with pytest.raises(UserError, match="hermitian"):
        wrong.require_physical()
    energies = occupation.local_value(exact_psi, wrong, RING.particles, X[exact_psi(X).log > -20])
    assert float(energies.std()) > 0.1


def test_a_determinant_is_that_of_the_lists() -> None:
    """Rows of the orbitals at the sites of each spin, in canonical order."""
    particles = RING.particles
    start = occupation.lowest_orbitals(RING.one_body)
    orbitals = occupation.SiteOrbitals(particles, 1, (2, 2), start, seeded())
    psi, lists = Determinants(orbitals), occupation.to_lists(X, particles)
    tables = [table.weight.T for table in orbitals.tables]
    up, down = (signed_log_det(table[sites]) for table, sites in zip(tables, lists.split(2, 1), strict=True))
    found = psi(X)
    value, wanted = found.sign * found.log.exp(), up.sign * down.sign * (up.log + down.log).exp()
    assert torch.allclose(value, wanted, atol=1e-12)


def test_filled_orbitals_are_the_free_ground_state() -> None:
    """With open ends nothing is degenerate: the determinant of the lowest orbitals has the exact energy at U = 0."""
    free = occupation.hubbard(occupation.lattice("chain", [4], boundary="open"), 2, 1, 0.0)
    orbitals = occupation.SiteOrbitals(free.particles, 1, (2, 1), occupation.lowest_orbitals(free.one_body), seeded())
    for table, start in zip(orbitals.tables, occupation.lowest_orbitals(free.one_body), strict=True):
        table.weight.data = start.T[: len(table.weight)].contiguous()
    energies = occupation.local_value(Determinants(orbitals), free.operators, free.particles, free.particles.every())
    assert float((energies - float(occupation.exact_states(free).energies[0])).abs().max()) < 1e-9


OPEN = occupation.hubbard(occupation.lattice("chain", [4], boundary="open"), 2, 2, 3.0)


def mean_field(hamiltonian):
    """One determinant for each spin."""
    particles = hamiltonian.particles
    start = occupation.lowest_orbitals(hamiltonian.one_body)
    return Determinants(occupation.SiteOrbitals(particles, 1, particles.counts, start, seeded()))


def shares(psi):
    """Of all configurations of the ring."""
    with torch.no_grad():
        return (2 * psi(X).log).softmax(0)


def at_a_momentum(hamiltonian):
    start = torch.randn(2, 4, 4, generator=seeded(), dtype=torch.float64)
    psi = Determinants(occupation.SiteOrbitals(hamiltonian.particles, 1, (2, 2), start, seeded()))
    return occupation.SiteProjected(psi, occupation.sector(hamiltonian.lattice, (0.5,)))


def turned(hamiltonian):
    """A determinant of complex orbitals without a network."""
    particles, start = hamiltonian.particles, occupation.lowest_orbitals(hamiltonian.one_body)
    parts = [
        occupation.SiteOrbitals(particles, 1, particles.counts, part, seeded(seed))
        for seed, part in enumerate((start.real, start.imag))
    ]
    return Determinants(occupation.ComplexOrbitals(*parts))


@pytest.mark.parametrize(
    ("make", "hamiltonian"),
    [(mean_field, RING), (at_a_momentum, RING), (turned, TWISTED)],
    ids=["real", "at a momentum", "twisted"],
)
def test_the_direction_is_that_of_differences_of_the_state(make, hamiltonian) -> None:
    """On all configurations with their weights: ``(S + damping) phi = dE / 2``, where S and dE are differences of the
    normalised state but for its phase, and H is a matrix."""
    psi, damping, step = make(hamiltonian), 0.1, 1e-5
    energies = occupation.local_value(psi, hamiltonian.operators, hamiltonian.particles, X)
    rows = Rows(log_derivatives(psi, X))
    phi = natural_direction(rows, energies, damping, weights=shares(psi))
    split = Split(hamiltonian)
    matrix, start = np.stack([split(row) for row in np.eye(len(X), dtype=split.kind)], 1), flat(psi)

    def state(parameters):
        torch.nn.utils.vector_to_parameters(parameters, psi.parameters())
        with torch.no_grad():
            value = psi(X)
            amplitude = value.sign * value.log.exp()
        return amplitude / amplitude.norm()

    moves = step * torch.eye(len(start), dtype=torch.float64)
    ends = [(state(start + move), state(start - move)) for move in moves]
    slopes = torch.stack([(up - down) / (2 * step) for up, down in ends])
    here = state(start)
    across = slopes - (slopes @ here.conj())[:, None] * here
    applied = torch.from_numpy(matrix).to(here.dtype) @ here
    metric, gradient = (across @ across.mH).real, 2 * (across.conj() @ applied).real
    assert float(gradient.norm()) > 0.1
    assert torch.allclose(metric @ phi + damping * phi, gradient / 2, atol=1e-7)


def flat(psi):
    return torch.nn.utils.parameters_to_vector(psi.parameters()).detach().clone()


@pytest.mark.slow
@pytest.mark.parametrize("make", [network, hidden, hidden_pairs], ids=lambda make: make.__name__)
@pytest.mark.parametrize(("hamiltonian", "power"), [(OPEN, 2.0), (RING, 1.0)], ids=["open chain", "ring"])
def test_natural_gradients_come_to_the_exact_energy(make, hamiltonian, power: float) -> None:
    """On independent samples, whatever the ansatz; the energy over all configurations never lies below.

    The lowest determinant of the ring, where degenerate levels are filled somehow, is zero where the ground state is
    not: samples of psi^2 miss what the gradient has there, and stop 0.1 to 0.3 above it. Those of |psi| find it.
    """
    psi, generator, (operators, particles) = make(hamiltonian), seeded(), (hamiltonian.operators, hamiltonian.particles)
    draws = occupation.Enumerated(lambda x: power * psi(x).log, particles)
    optimizer = NaturalGradient(0.3, 1e-3, momentum=0.0, norm_limit=0.5, decay=15)
    x, exact = particles.draw(256, generator), float(occupation.exact_states(hamiltonian).energies[0])
    for _ in range(60):
        x, _ = draws.update(x, generator)
        with torch.no_grad():
            weights = ((2 - power) * psi(x).log).softmax(0)
        optimizer.step(psi, x, occupation.local_value(psi, operators, particles, x), weights)
    with torch.no_grad():
        every = particles.every()
        share = (2 * psi(every).log).softmax(0)
    energy = float(share @ occupation.local_value(psi, operators, particles, every))
    assert exact - 1e-9 < energy < exact + 0.02  # of 0.6 and 2.3 at the start


@pytest.mark.parametrize("exclusive", [False, True])
def test_hops_and_swaps_sample_the_density(exclusive: bool) -> None:
    """Against the shares of all configurations, within errors of so many independent walkers."""
    particles = occupation.SiteFermions(2, 1, 1, 4, exclusive)
    every = particles.every()
    keys, powers = torch.rand(len(every), generator=seeded()).double(), 2.0 ** torch.arange(8).double()
    order = (every.flatten(1) @ powers).argsort()

    def log_density(x):
        place = torch.searchsorted((every.flatten(1) @ powers)[order], x.flatten(1) @ powers)
        return (0.3 + keys[order][place.clamp(max=len(every) - 1)]).log()

    for lattice in (occupation.lattice("chain", [4]), None):
        hop = occupation.Hop(particles, lattice)
        chain = Metropolis(log_density, hop, steps=20, target=None, jumps=[occupation.SwapSites(particles)] * 2)
        x, info = chain.update(particles.draw(4000, seeded()), seeded(5))
        assert bool(particles.allowed(x).all())
        assert chain.width == 0.3
        assert 0 < float(info["acceptance"].mean()) < 1
        found = torch.bincount(torch.searchsorted((every.flatten(1) @ powers)[order], x.flatten(1) @ powers))
        wanted = (0.3 + keys[order]) / (0.3 + keys).sum() * len(x)
        assert float(((found - wanted).square() / wanted).sum()) < len(every) + 4 * (2 * len(every)) ** 0.5


def updating(particles, terms: int, steps: int, power: float, kind: str):
    """Determinants or Pfaffians of no symmetry, and their chain with inverses."""
    start = torch.randn(2, particles.sites, particles.sites, generator=seeded(), dtype=torch.float64)
    if kind == "determinants":
        psi = Determinants(occupation.SiteOrbitals(particles, terms, particles.counts, start, seeded()))
    else:
        triplets = kind == "triplets"
        sizes = Pfaffians.sizes(particles, 3, triplets)
        orbitals = occupation.SiteOrbitals(particles, terms, sizes, start, seeded())
        psi = Pfaffians(orbitals, 3, seeded(), triplets)
    hop, swaps = occupation.Hop(particles, RING.lattice), [occupation.SwapSites(particles)] * 2
    plain = Metropolis(lambda x: power * psi(x).log, hop, steps=steps, target=None, jumps=swaps)
    kind_of = occupation.RankOne if kind == "determinants" else occupation.RankTwo
    return psi, kind_of(psi, plain, hop.targets, lambda: power)


@pytest.mark.parametrize(
    ("terms", "exclusive", "down", "power", "kind"),
    [
        (1, False, 1, 2.0, "determinants"),
        (2, True, 1, 1.0, "determinants"),
        (2, False, 0, 2.0, "determinants"),
        (1, False, 1, 2.0, "pairs"),
        (1, False, 2, 2.0, "triplets"),
        (2, True, 1, 1.0, "triplets"),
        (2, False, 0, 2.0, "triplets"),
    ],
)
def test_inverses_that_are_kept_sample_the_density(
    terms: int, exclusive: bool, down: int, power: float, kind: str
) -> None:
    """Against the shares of all configurations, within errors of so many independent walkers."""
    particles = occupation.SiteFermions(2, down, 1, 4, exclusive)
    psi, chain = updating(particles, terms, 6, power, kind)
    x, generator = particles.draw(4000, seeded()), seeded(5)
    for _ in range(20):
        x, info = chain.update(x, generator)
    every, powers = particles.every(), 2.0 ** torch.arange(8).double()
    places = (every.flatten(1) @ powers)[:, None] == x.flatten(1) @ powers
    assert bool((places.sum(0) == 1).all())
    assert 0 < float(info["acceptance"].mean()) < 1
    with torch.no_grad():
        wanted = len(x) * (power * psi(every).log).softmax(0)
    deviations = (places.sum(1) - wanted).square() / wanted
    assert float(deviations.sum()) < len(every) + 4 * (2 * len(every)) ** 0.5


@pytest.mark.parametrize("kind", ["determinants", "pairs", "triplets"])
def test_kept_inverses_are_those_of_the_last_configuration(kind: str) -> None:
    """After 200 moves, of two terms, to rounding."""
    particles = occupation.SiteFermions(2, 1, 1, 4)
    psi, chain = updating(particles, 2, 200, 2.0, kind)
    x = particles.draw(16, seeded())
    ratios, shares = chain.prepared(x)
    y, numbers = x.to(torch.int8), torch.rand(16, 202, 3, generator=seeded()).double()
    taken = chain.walk(y.numpy(), ratios.numpy(), shares.numpy(), chain.targets, numbers.numpy(), 200, 2.0, False)
    assert taken.min() > 10
    fresh = chain.prepared(y.double())
    assert torch.allclose(ratios, fresh[0], rtol=1e-6, atol=1e-6)
    assert torch.allclose(shares, fresh[1], rtol=1e-6, atol=1e-6)
    assert type(chain).serves(psi)
    assert not type(chain).serves(network())


def test_all_configurations_are_too_many() -> None:
    with pytest.raises(UserError, match="at most 10 configurations"):
        occupation.Enumerated(lambda x: x, RING.particles, most=10)


def test_complex_hoppings_have_no_real_wavefunction() -> None:
    with pytest.raises(UserError, match="a complex wavefunction for complex hoppings"):
        occupation.local_value(network(), TWISTED.operators, TWISTED.particles, X)


def test_the_exact_state_of_a_twisted_ring_has_one_local_energy() -> None:
    """Every phase of every hop counts."""
    state = occupation.exact_states(TWISTED)
    up, down = (torch.tensor(np.asarray(space)) for space in Split(TWISTED).spaces)

    def psi(x: torch.Tensor) -> LogPsi:
        i, j = ((x[:, s, None] == space).all(-1).double().argmax(1) for s, space in enumerate((up, down)))
        value = torch.from_numpy(state.states[0])[i, j]
        return LogPsi(value.sgn(), value.abs().clamp(min=1e-300).log())

    energies = occupation.local_value(psi, TWISTED.operators, TWISTED.particles, X[psi(X).log > -20])
    assert float((energies - float(state.energies[0])).abs().max()) < 1e-8


def test_a_twist_is_spread_over_the_bonds() -> None:
    """Once around it is the angle; all translations keep the bonds, and a gauge moves nothing."""
    ring = TWISTED.lattice
    around = torch.tensor([ring.hopping[(i + 1) % 4, i] for i in range(4)]).prod()
    assert complex(around) == pytest.approx(np.exp(0.9j))
    assert len(ring.translations) == 4
    hops = [(-value, occupation.parse(f"{j}{s}^ {i}{s}")) for s in "ud" for i, j, value in seams()]
    doubles = [(3.0, occupation.parse(f"{i}u^ {i}u {i}d^ {i}d")) for i in range(4)]
    own = occupation.of_products([*hops, *doubles], TWISTED.particles)
    assert occupation.exact_states(own).energies == pytest.approx(occupation.exact_states(TWISTED).energies, abs=1e-10)


def seams():
    """Hops of a ring of four with all of the twist on one bond, forth and back."""
    for i in range(4):
        phase = np.exp(0.9j) if i == 3 else 1.0
        yield from ((i, (i + 1) % 4, phase), ((i + 1) % 4, i, np.conj(phase)))


@pytest.mark.parametrize("make", [lambda start: start, torch.conj], ids=["right", "of the other way"])
def test_filled_complex_orbitals_are_the_free_ground_state(make) -> None:
    """At U = 0 with a twist nothing is degenerate; conjugated orbitals are those of the opposite twist."""
    free = occupation.hubbard(occupation.lattice("chain", [4], boundary=0.9), 2, 1, 0.0)
    particles, start = free.particles, make(occupation.lowest_orbitals(free.one_body)).resolve_conj()
    parts = []
    for part in (start.real, start.imag):
        orbitals = occupation.SiteOrbitals(particles, 1, (2, 1), part, seeded())
        for table, columns in zip(orbitals.tables, part, strict=True):
            table.weight.data = columns.T[: len(table.weight)].contiguous()
        parts.append(orbitals)
    psi = Determinants(occupation.ComplexOrbitals(*parts))
    energies = occupation.local_value(psi, free.operators, particles, particles.every())
    off = float((energies - float(occupation.exact_states(free).energies[0])).abs().max())
    assert (off < 1e-9) == (make is not torch.conj)


def test_derivatives_of_complex_pfaffians_are_those_of_each_sample() -> None:
    """A module that is no layer has complex outputs, of which both parts have slopes."""
    particles, start = RING.particles, torch.randn(2, 2, 4, 4, generator=seeded(), dtype=torch.float64)
    parts = [occupation.SiteOrbitals(particles, 1, (2, 2), part, seeded()) for part in start]
    psi = Pfaffians(occupation.ComplexOrbitals(*parts), 2, seeded(), triplets=True)
    found, rows = recorded_derivatives(psi, X[:9], chunk_size=4), Rows(log_derivatives(psi, X[:9]))
    check_recorded(psi, X[:9], found)
    assert found.samples == 18
    torch.testing.assert_close(found.gram(found), rows.gram(rows), atol=1e-9, rtol=1e-9)


def test_complex_energies_are_clipped_by_parts() -> None:
    energies = torch.tensor([1, 2 + 0.1j, 3 - 0.1j, 50 - 9j], dtype=torch.complex128)
    found = clip_about_median(energies, 1.0)
    torch.testing.assert_close(found.real, clip_about_median(energies.real, 1.0))
    torch.testing.assert_close(found.imag, clip_about_median(energies.imag, 1.0))
    assert float((found - energies).abs().max()) > 5


def test_adam_follows_both_parts_of_complex_derivatives() -> None:
    """Its gradient is twice the real inner product of energies and derivatives."""
    psi = twisted(TWISTED)
    energies = occupation.local_value(psi, TWISTED.operators, TWISTED.particles, X)
    w = shares(psi)
    off = w * (energies - (w * energies).sum())
    wanted = 2 * torch.view_as_real(off).flatten() @ log_derivatives(psi, X)
    Adam(psi).step(psi, X, energies, w)
    found = torch.cat([parameter.grad.flatten() for parameter in psi.parameters()])
    torch.testing.assert_close(found, wanted, atol=1e-10, rtol=1e-8)


def test_a_projected_network_is_in_its_sector() -> None:
    """Exactly: the energies of both signs of the spin flip are between the exact ones, and applying P twice is P."""
    group = occupation.sector(RING.lattice, (0,), "A1", 1)
    once = occupation.SiteProjected(network(), group)
    twice = occupation.SiteProjected(once, group)
    one, two = once(X), twice(X)
    assert torch.allclose(one.sign * one.log.exp(), two.sign * two.log.exp(), atol=1e-12)


@pytest.mark.parametrize("count", [2, 1], ids=["even", "odd"])
@pytest.mark.parametrize("of", [((0,), "A1", 1), ((1,), None, -1), ((0.5,), None, 1)], ids=str)
def test_a_canonical_network_is_in_its_sector(of, count) -> None:
    """It is what its projection is; and 0 where motions that leave a configuration alone have another phase."""
    ring = occupation.hubbard(RING.lattice, count, count, 4.0)
    group, every = occupation.sector(ring.lattice, *of), ring.particles.every()
    psi = occupation.SiteCanonical(network(ring), group)
    one, two = psi(every), occupation.SiteProjected(psi, group)(every)
    there = one.sign != 0
    found, wanted = (value.sign[there] * value.log[there].exp() for value in (one, two))
    torch.testing.assert_close(found, wanted, atol=1e-12, rtol=0)
    images, signs = occupation.moved(every[:, None], group.orders, group.flips)
    alone = (images == every[:, None]).all(-1).all(-1)
    assert torch.equal(~there, (alone & ((signs * group.characters - 1).abs() > 0.1)).any(1))
    assert bool((one.log[~there] == -torch.inf).all())


@pytest.mark.parametrize("sites", [5, 30])
def test_a_canonical_form_is_the_first_image_with_the_signs_of_its_motions(sites: int) -> None:
    """With the exchanges of all patterns in a table, and on more sites than a table has room for, or a number bits."""
    plane = TORUS.lattice if sites == 5 else occupation.lattice("square", [5, 6])
    group = occupation.sector(plane, (0, 0), "E+" if sites == 5 else "A1", 1)
    x, odd = occupation.hubbard(plane, 2, 2, 1.0).particles.draw(50, seeded()), odd_exchanges(group)
    assert (odd is None) == (sites == 30)
    form = canonical_form(x, group, odd)
    assert all(torch.equal(mine, plain) for mine, plain in zip(form, canonical_form(x, group), strict=True))
    y, signs = occupation.moved(x[:, None], group.orders, group.flips)
    numbers = y.long() @ 2 ** torch.arange(sites)
    order = (numbers[..., 0] * 2**30 + numbers[..., 1]).double()
    assert torch.equal(form.alone, (order == order.amin(1, keepdim=True)).sum(1))
    first = order.argmin(1)
    assert torch.equal(form.x, y[torch.arange(50), first])
    wanted = signs * group.characters.conj()
    there = form.phase != 0
    torch.testing.assert_close(form.phase[there], wanted[torch.arange(50), first][there])
    with pytest.raises(UserError, match="canonical form: expected at most 52 sites, came 60"):
        canonical_form(torch.zeros(1, 2, 60), occupation.SiteGroup(torch.arange(60).expand(2, -1)))


def test_without_a_group_there_may_be_any_number_of_sites() -> None:
    particles = occupation.SiteFermions(1, 1, 1, 60)
    orbits = occupation.Orbits(particles)
    assert torch.equal(orbits.x, particles.every())
    assert bool((orbits.sizes == 1).all())


@pytest.mark.parametrize("counts", [(3, 1), (3, 3), (2, 3)])
def test_motions_are_those_of_the_creation_operators(counts: tuple[int, int]) -> None:
    """Each operator of a state is moved by itself; `Operators` brings their product back to its order, with a sign."""
    particles = occupation.SiteFermions(*counts, 1, 5)
    x, flips = particles.draw(12, seeded()), torch.arange(12) % 2 == 1
    orders = torch.rand(12, 5, generator=seeded(5)).argsort(1)
    y, signs = occupation.moved(x, orders, flips)
    for before, order, flip, after, sign in zip(x, orders.tolist(), flips.tolist(), y, signs.tolist(), strict=True):
        product = [occupation.Factor(True, spin ^ flip, order[site]) for _, spin, site in creators(before)]
        assert occupation.Operators([(1.0, product)], 5).products == {creators(after): sign}


def creators(x: torch.Tensor) -> tuple[occupation.Factor, ...]:
    """Of a state, in canonical order."""
    return tuple(occupation.Factor(True, spin, site) for spin, site in x.nonzero().tolist())


def test_other_examples_stay_allowed() -> None:
    """Of particles none of which shares a site; of others, double occupancies change."""
    for exclusive in (True, False):
        particles = occupation.SiteFermions(2, 2, 1, 6, exclusive)
        x = occupation.Occupations(particles.draw(40, seeded()), torch.ones(40))
        other = x.random_like(seeded(5))
        assert bool(particles.allowed(other.data).all())
        assert torch.equal(other.data.sum(-1), x.data.sum(-1))
        assert bool((occupation.double_occupancy(other.data) != occupation.double_occupancy(x.data)).any()) != exclusive


def test_a_projector_of_the_conjugated_character_is_broken() -> None:
    """It is in the sector of -k, or of turns the other way; the group that it should be of acts all the same."""
    for hamiltonian, of in ((RING, ((0.5,), None, 1)), (TORUS, ((0, 0), "E+", 1))):
        group = occupation.sector(hamiltonian.lattice, *of)
        other = occupation.SiteGroup(group.orders, group.flips, group.characters.conj())
        for chosen, verdict in ((group, Verdict.HOLDS), (other, Verdict.BROKEN)):
            psi = occupation.SiteProjected(network(hamiltonian), chosen)
            claim = Equivariance(signed(psi), states(hamiltonian), "psi", group, SignedLog)
            (finding,) = claim.verify(trials=6).findings
            assert finding.verdict is verdict


def test_the_sectors_of_all_momenta_make_the_whole() -> None:
    """The parts of one function add up to it, and none has anything of another."""
    psi, x = network(TORUS), TORUS.particles.every()
    sectors = [occupation.sector(TORUS.lattice, tuple(k)) for k in 2 * TORUS.lattice.momenta()]
    with torch.no_grad():
        values = [f(x) for f in (psi, *(occupation.SiteProjected(psi, group) for group in sectors))]
    whole, *parts = (value.sign * value.log.exp() + 0j for value in values)
    torch.testing.assert_close(sum(parts), whole)
    found = torch.stack(parts)
    gram = found.conj() @ found.T
    assert float((gram - gram.diagonal().diag()).abs().max()) < 1e-12 * float(gram.abs().max())


def test_a_canonical_route_without_signs_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    group = occupation.sector(RING.lattice, (0,), "A1", 1)
    claim = Equivariance(signed(occupation.SiteCanonical(network(), group)), states(), "psi", group, SignedLog)
    assert claim.verify(trials=6).exit_code == 0
    place = "gaugeflow.wavefunctions.occupation.sectors.canonical_form._signs"
    monkeypatch.setattr(place, lambda x, motions: torch.ones(len(x), len(motions.flips), dtype=torch.float64))
    assert claim.verify(trials=6).exit_code == 1


@pytest.mark.parametrize("make", [network, hidden_pairs], ids=lambda make: make.__name__)
@pytest.mark.parametrize("mistake", ["no signs", "sites first"])
def test_a_projector_with_wrong_signs_is_broken(make, mistake: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without signs, or with those of an order site by site, the state has the other sign after some motions.

    The group itself acts as before, so that its claim holds; that of the state is broken by 2, in units of the output.
    """
    group = occupation.sector(RING.lattice, (0,), "A1", 1)
    right = occupation.moved

    def wrong(x, orders, flips):
        y, sign = right(x, orders, flips)
        if mistake == "no signs":
            return y, torch.ones_like(sign)
        return y, sign * by_site(x) * by_site(y)

    monkeypatch.setattr("gaugeflow.wavefunctions.occupation.sectors.site_projected.moved", wrong)
    psi = occupation.SiteProjected(make(), group)
    acts, projected = Action(group, states(), "group"), Equivariance(signed(psi), states(), "psi", group, SignedLog)
    assert acts.verify(trials=6).exit_code == 0
    (finding,) = projected.verify(trials=6).findings
    assert finding.verdict is Verdict.BROKEN
    assert "does not shrink with the machine epsilon: 2.0e+00" in finding.message
    monkeypatch.undo()
    assert projected.verify(trials=6).exit_code == 0


def by_site(x: torch.Tensor) -> torch.Tensor:
    """The sign of all up operators against an order site by site: of each down one that stands before a later up."""
    occupied = x.round()
    up, down = occupied[..., 0, :], occupied[..., 1, :]
    crossings = (up.sum(-1, keepdim=True) - up.cumsum(-1)) * down
    return 1 - 2 * crossings.sum(-1).round().remainder(2)


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        ({}, "came none"),
        ({"momentum": (1, 0)}, "units of pi among"),
        ({"point_group": "B1"}, "A1, A2 of D1"),
        ({"spin_flip": 2}, r"\+1 or -1"),
        ({"momentum": (0.3,)}, r"among \(0\), \(0.5\), \(1\), \(1.5\), came \(0.3,\)"),
        ({"momentum": (0.5,), "point_group": "A2"}, "one of A of C1, the turns and mirrors that keep"),
    ],
)
def test_sectors_that_there_are_not(arguments, part: str) -> None:
    with pytest.raises(UserError, match=part):
        occupation.sector(RING.lattice, **arguments)


@pytest.mark.parametrize(
    ("shape", "momentum", "part", "size", "symbol"),
    [
        ([4, 4], (0, 1), "B1", 64, "D2"),
        ([4, 4], (0.5, 0.5), "A2", 32, "D1"),
        ([4, 4], (1, 1), "B2", 128, "D4"),
        ([4, 4], (0.5, 1), "A1", 32, "D1"),
        ([4, 3], None, "B2", 4, "D2"),
    ],
)
def test_the_point_group_of_a_momentum_is_what_keeps_it(shape, momentum, part, size, symbol) -> None:
    """All characters are those of a group, so that an action of it may have them."""
    made = occupation.lattice("square", shape)
    group = occupation.sector(made, momentum, part)
    assert len(group.orders) == size
    every = group.every(())
    products = group.compose(*({key: t[i] for key, t in every.items()} for i in all_pairs(size)))
    known = {tuple(order): complex(c) for order, c in zip(group.orders.tolist(), group.characters, strict=True)}
    for order, character in zip(products["order"].tolist(), products["character"], strict=True):
        assert abs(known[tuple(order)] - complex(character)) < 1e-9
    with pytest.raises(UserError, match=f"of {symbol}, the turns"):
        occupation.sector(made, momentum, "E")


def all_pairs(size: int):
    return torch.cartesian_prod(torch.arange(size), torch.arange(size)).unbind(1)


def test_an_open_chain_has_no_momentum() -> None:
    with pytest.raises(UserError, match="periodic"):
        occupation.sector(occupation.lattice("chain", [4], boundary="open"), (0,))


def test_structure_factors_of_known_states() -> None:
    """Alternating spins have all their structure at pi; all sums are those of the squares on the sites."""
    x = torch.tensor([[[1, 0, 1, 0], [0, 1, 0, 1]]], dtype=torch.float64)
    momenta, spin, charge = occupation.structure_factors(x, RING.lattice)
    at_pi = (momenta[:, 0] == 0.5).tolist().index(True)
    assert float(spin[0, at_pi]) == pytest.approx(4.0)
    assert float(spin.sum()) == pytest.approx(4.0)
    assert float(charge.abs().max()) < 1e-12
    assert float(occupation.double_occupancy(x)) == 0.0
