"""What wavefunctions are made of: limits in closed form, cusps, shells, and what does not fit."""

import math

import pytest
import torch

from gaugeflow.errors import UserError
from gaugeflow.wavefunctions import (
    Determinants,
    Features,
    Gaussian,
    Hamiltonian,
    HarmonicOrbitals,
    NeuralOrbitals,
    NuclearCusp,
    Nuclei,
    PairJastrow,
    PairProducts,
    Particles,
    Pfaffians,
    Power,
    Product,
    Psiformer,
    SymmetricNetwork,
    calogero,
    free_energy,
    harmonic_trap,
    molecule,
    quantum_dot,
)
from gaugeflow.wavefunctions.ansatz.envelopes import SlaterEnvelope, slater_exponents
from gaugeflow.wavefunctions.systems.levels import lowest_levels
from gaugeflow.wavefunctions.systems.walkers import initial_walkers
from tests.wavefunctions.cases import (
    BACKBONES,
    exact_calogero,
    exact_dot,
    exact_free,
    network,
    pair_product,
    pfaffian,
    seeded,
    unpaired,
)


def coordinates(particles, batch=6, dtype=torch.float64):
    return torch.randn(batch, particles.n, particles.dimension, generator=seeded(), dtype=torch.float64).to(dtype)


def test_orbitals_of_the_oscillator_are_orthonormal():
    t = torch.linspace(-9, 9, 2001, dtype=torch.float64)
    orbitals = HarmonicOrbitals(Particles(1, 0, 1), 2.0, (6, 0))
    phi = orbitals(t[:, None, None])[0][:, 0, 0] * torch.exp(-t.square())[:, None]  # sqrt(omega) t is the argument
    overlap = math.sqrt(2) * (t[1] - t[0]) * phi.T @ phi
    torch.testing.assert_close(overlap, torch.eye(6, dtype=torch.float64), rtol=0, atol=1e-10)


def test_shells():
    assert lowest_levels(2, 6) == [(0, 0), (1, 0), (0, 1), (2, 0), (1, 1), (0, 2)]
    assert [sum(level) for level in lowest_levels(3, 10)] == [0] + 3 * [1] + 6 * [2]
    assert free_energy(Particles(6, 6, 2), 1.0) == 28.0
    assert free_energy(Particles(3, 0, 1), 2.0) == 9.0


def test_vandermonde_is_the_determinant_and_the_product_of_differences():
    particles = Particles(4, 0, 1)
    x = coordinates(particles)
    first, second = particles.pairs
    differences = (x[:, second, 0] - x[:, first, 0]).prod(-1)
    for ansatz in (exact_free(4, 0, 1)[1], exact_free(4, 0, 1, ansatz=pair_product)[1]):
        sign, log = ansatz.ansatz(x)
        ratio = sign * log.exp() / differences
        torch.testing.assert_close(ratio, ratio[:1].expand(6), rtol=1e-11, atol=0)


@pytest.mark.parametrize("counts", [(1, 1), (3, 3), (3, 1), (1, 3)])
def test_a_pfaffian_of_doubly_occupied_orbitals_is_the_product_of_determinants(counts):
    """Pf [[0, F], [-F^T, 0]] = +-det F, and F = up W down^T with square blocks; unpaired ones complete the larger."""
    particles = Particles(*counts, 2)
    x = coordinates(particles)
    if counts[0] == counts[1]:
        found = pfaffian(particles, 1.0)(x)
        wanted = Determinants(HarmonicOrbitals(particles, 1.0, counts))(x)
        torch.testing.assert_close(found.log, wanted.log, rtol=0, atol=1e-10)
        assert len(set((found.sign * wanted.sign).tolist())) == 1
    else:
        sizes = Pfaffians.sizes(particles, 3)
        assert sizes == (5, 5)
        psi = Pfaffians(HarmonicOrbitals(particles, 1.0, sizes), 3, seeded())
        exchanged = x.clone()
        exchanged[:, [0, 1]] = x[:, [1, 0]]
        expected = -1 if counts[0] > 1 else None
        ratio = psi(exchanged).sign * psi(x).sign
        assert expected is None or ratio.tolist() == 6 * [-1]


def test_an_odd_pfaffian_of_unpaired_particles_is_a_determinant():
    particles = Particles(3, 0, 2)
    x = coordinates(particles)
    wanted = Determinants(HarmonicOrbitals(particles, 1.0, (3, 0)))(x).log
    torch.testing.assert_close(unpaired(particles, 1.0)(x).log, wanted, rtol=0, atol=1e-10)


def test_triplets_pair_like_spins():
    """Of two electrons with spin up the Pfaffian is phi(1)^T A phi(2), which singlets alone cannot make."""
    particles = Particles(2, 0, 2)
    orbitals = HarmonicOrbitals(particles, 1.0, Pfaffians.sizes(particles, 3, True))
    psi = Pfaffians(orbitals, 3, seeded(), triplets=True)
    x = coordinates(particles)
    phi = orbitals(x)[0][:, 0]
    a = psi.like[0, 0] - psi.like[0, 0].T
    wanted = torch.einsum("bm,mk,bk->b", phi[:, 0], a, phi[:, 1])
    sign, log = psi(x)
    torch.testing.assert_close((sign * log.exp()).detach(), wanted.detach())


def test_on_a_node_the_sign_is_zero_and_the_logarithm_finite():
    for psi in (exact_free(3, 2, 2)[1], exact_free(3, 3, 2, ansatz=pair_product)[1], exact_calogero(3, 1.0, 2.0)[1]):
        x = coordinates(psi.particles)
        x[:, 1] = x[:, 0]
        sign, log = psi(x)
        assert sign.tolist() == 6 * [0]
        assert bool(torch.isfinite(log).all())


@pytest.mark.parametrize(("dimension", "unlike", "like"), [(2, 1.0, 1 / 3), (3, 0.5, 0.25)])
def test_cusps_have_the_slope_of_kato(dimension, unlike, like):
    """d J / d r at r = 0, whatever the range is."""
    for counts, slope in (((1, 1), unlike), ((2, 0), like)):
        factor = PairJastrow(Particles(*counts, dimension), (0.3, 4.0))
        x = torch.zeros(2, 2, dimension, dtype=torch.float64)
        x[1, 0, 0] = 1e-7
        at_zero, near = factor(x).detach()
        assert float(near - at_zero) / 1e-7 == pytest.approx(slope, rel=1e-5)


def test_the_cusp_at_a_nucleus_has_the_slope_minus_z():
    hamiltonian = molecule(["Be"], [[1.0, 0.0, 0.0]], "bohr")
    factor = NuclearCusp(hamiltonian.particles, hamiltonian.centres, hamiltonian.charges)
    x = coordinates(hamiltonian.particles, 2)
    x[:, 0] = hamiltonian.centres[0]
    x[1] = x[0]
    x[1, 0, 2] = 1e-7
    at_zero, near = factor(x).detach()
    assert float(near - at_zero) / 1e-7 == pytest.approx(-4, rel=1e-5)


@pytest.mark.parametrize("backbone", BACKBONES)
def test_every_particle_knows_of_the_others(backbone):
    """Moving one particle changes the features of another: correlation beyond the Jastrow factor."""
    hamiltonian = quantum_dot(Particles(2, 2, 2), 1.0)
    rows = BACKBONES[backbone](Features(hamiltonian))
    x = coordinates(hamiltonian.particles)
    moved = x.clone()
    moved[:, 3] += 0.5
    changes = (rows(moved) - rows(x)).detach().abs().amax((0, 2))
    assert rows(x).shape == (6, 4, rows.width)
    assert float(changes.min()) > 1e-4


def test_networks_are_smooth_where_particles_meet():
    """The cusp is that of the factor alone: a pair of features has the same slope from both sides of r = 0."""
    _, psi = network("dot 2 + 1", "full determinants")
    x = coordinates(psi.particles, 1).repeat(3, 1, 1)
    x[:, 2] = x[:, 0]
    x[0, 2, 0] -= 1e-3
    x[2, 2, 0] += 1e-3
    log = psi(x).log - psi.factors[0](x)
    second_difference = float((log[0] - 2 * log[1] + log[2]).detach())
    assert abs(second_difference) < 1e-4  # a cusp of slope one would give 2e-3


def test_single_precision_networks_give_double_precision_logarithms():
    _, psi = network("LiH", "full determinants")
    x = coordinates(psi.particles)
    wanted = psi(x)
    found = psi.float()(x.float())
    assert found.log.dtype == torch.float64
    torch.testing.assert_close(found.log, wanted.log, rtol=0, atol=1e-4)
    assert torch.equal(found.sign, wanted.sign)


def test_exponents_of_slater():
    """He 1.70, Be 3.70 and 0.98, C 5.70 and 1.63, as the rules give them."""
    assert slater_exponents(1, 1) == [1.0]
    assert slater_exponents(2, 1) == [pytest.approx(1.70)]
    assert slater_exponents(4, 2) == [pytest.approx(3.70), pytest.approx(0.975)]
    assert slater_exponents(6, 5) == [pytest.approx(5.70)] + 4 * [pytest.approx(1.625)]


def test_walkers_start_around_their_nuclei():
    hamiltonian = molecule(["Li", "H"], [[0.0, 0.0, -50.0], [0.0, 0.0, 50.0]], "bohr")
    x = initial_walkers(hamiltonian, 10, torch.float64, "cpu", seeded())
    assert (x[:, :, 2] > 0).sum(1).tolist() == 10 * [1]
    assert (x[:, :2, 2] < 0).sum(1).min() >= 1  # a nucleus with several electrons has both spins
    trap = initial_walkers(quantum_dot(Particles(2, 0, 2), 4.0), 2000, torch.float32, "cpu", seeded())
    assert trap.dtype == torch.float32
    assert float(trap.std()) == pytest.approx(0.5, rel=0.05)


PLANE = Particles(2, 1, 2)
DOT = quantum_dot(PLANE, 1.0)
REFUSED = {
    "no particle": (lambda: Particles(0, 0, 2), "at least one of 1"),
    "negative": (lambda: Particles(3, -1, 2), "n_up, n_down >= 0"),
    "four dimensions": (lambda: Particles(1, 1, 4), "one to three dimensions"),
    "determinant sizes": (
        lambda: Determinants(HarmonicOrbitals(PLANE, 1.0, (3, 3))),
        r"expected \(2, 1\) orbitals for up and down, came \(3, 3\)",
    ),
    "pair sizes": (lambda: PairProducts(HarmonicOrbitals(PLANE, 1.0, (3, 3))), r"expected \(2, 2\) orbitals"),
    "too few pairs": (lambda: Pfaffians.sizes(PLANE, 1), "at least 2 pairing orbitals"),
    "no pairing": (lambda: PairProducts.sizes(PLANE, 0), "at least one pair of orbitals"),
    "another factor": (
        lambda: Product(exact_free(2, 1, 2)[1], [Gaussian(Particles(1, 1, 2), 1.0)]),
        "Gaussian: expected parts made for 2 up and 1 down in 2D, came one for 1 up and 1 down in 2D",
    ),
    "no factor": (lambda: Product(exact_free(2, 1, 2)[1], [exact_free(2, 1, 2)[1]]), "symmetric exponent"),
    "another base": (
        lambda: NeuralOrbitals(
            BACKBONES["deep sets"](Features(DOT)),
            1,
            (2, 1),
            seeded(),
            base=HarmonicOrbitals(Particles(2, 1, 3), 1.0, (2, 1)),
        ),
        "neural orbitals: expected parts made for",
    ),
    "another dimension": (lambda: exact_dot(1, 1, 2, 1.0)[1](torch.zeros(4, 2, 3)), r"shape \(batch, 2, 2\)"),
    "heads": (lambda: Psiformer(Features(DOT), 7, 2, 1, seeded()), "a width that 2 heads divide, came 7"),
    "power": (lambda: Power(exact_free(2, 1, 2)[1], 0.0), "a positive exponent"),
    "cusp in 1D": (lambda: PairJastrow(Particles(1, 1, 1)), "two or three dimensions, came one"),
    "dot in 1D": (lambda: quantum_dot(Particles(1, 1, 1), 1.0), "not integrable"),
    "frequency": (lambda: quantum_dot(PLANE, 0.0), "omega > 0"),
    "unbound": (lambda: harmonic_trap(PLANE, 1.0, -0.5), "nothing is bound"),
    "Calogero": (lambda: calogero(3, 1.0, 0.5), "lambda >= 1"),
    "element": (lambda: molecule(["Xx"], [[0, 0, 0]], "bohr"), "an element from H to Rn"),
    "unit": (lambda: molecule(["H"], [[0, 0, 0]], "nm"), "bohr or angstrom, came 'nm'"),
    "spin": (
        lambda: molecule(["Li"], [[0, 0, 0]], "bohr", spin=2),
        "3 electrons .* n_up - n_down = 2; expected one of 1, 3",
    ),
    "charge": (lambda: molecule(["H"], [[0, 0, 0]], "bohr", charge=1), "the charge 1 leaves 0 of 1"),
    "overlap": (lambda: molecule(["H", "H"], [[0, 0, 0], [0, 0, 1e-5]], "bohr"), "1.0e-05 bohr from each other"),
    "envelope in a trap": (lambda: SlaterEnvelope(DOT, 1, 1), "expected nuclei, came a trap"),
    "nuclei": (lambda: Nuclei(torch.zeros(2, 2), torch.ones(2)), "expected positions"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refuses_what_does_not_fit(name):
    make, message = REFUSED[name]
    with pytest.raises(UserError, match=message):
        make()


def test_a_symmetric_network_starts_as_nothing():
    rows = BACKBONES["ferminet"](Features(DOT))
    assert float(SymmetricNetwork(rows, seeded())(coordinates(PLANE)).detach().abs().max()) == 0
    assert isinstance(DOT, Hamiltonian)
