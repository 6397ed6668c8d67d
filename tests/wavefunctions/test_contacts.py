"""Bosons, and particles that repel each other at contact: energies of Bethe's equations, kinks, rings, and refusals."""

import math

import pytest
import torch

from gaugeflow.errors import UserError
from gaugeflow.montecarlo import Metropolis
from gaugeflow.wavefunctions import (
    Contact,
    ContactCusp,
    Determinants,
    Features,
    Gaussian,
    HarmonicOrbitals,
    PairJastrow,
    Particles,
    PlaneWaves,
    Product,
    Symmetric,
    SymmetricNetwork,
    count_nodal_cells,
    examine,
    free_energy,
    gradient_and_laplacian,
    harmonic_trap,
    local_energy,
    ring,
)
from gaugeflow.wavefunctions.systems.bethe import gaudin_yang_energy, lieb_liniger_energy, two_in_a_trap_energy
from tests.wavefunctions.cases import ANSATZ, BACKBONES, BOSONS, RING, bosons, constant, electrons, exact_bosons, seeded

PAIR = Particles(2, 0, 1, statistics="boson")
RINGED = [name for name in BACKBONES if name not in ("tensors", "egnn")]


class Cosine(ContactCusp):
    """Of two particles on a ring, ``cos(k (|x| - L/2))``, Bethe's own function for both statistics."""

    def forward(self, x):
        apart = (x[:, 0, 0] - x[:, 1, 0]).abs()
        return ((apart - self.period / 2) * self.wave).cos().log()


def pair_on_a_ring(particles, length, strength):
    hamiltonian = ring(particles, length, strength)
    factor = Cosine(particles, strength, length)
    factor.wave = math.sqrt(hamiltonian.reference.energy)  # E = (k^2 + k^2) / 2
    whole = constant(hamiltonian) if particles.bosons else Determinants(PlaneWaves(particles, length, (1, 1)))
    return hamiltonian, Product(whole, [factor])


@pytest.mark.parametrize(("strength", "energy"), [(1.0, 1.1613763), (4.0, 2.9535304), (10.0, 4.3284893)])
def test_four_bosons_of_lieb_and_liniger(strength, energy):
    assert lieb_liniger_energy(4, 4.0, strength) == pytest.approx(energy, abs=6e-8)


@pytest.mark.parametrize(("strength", "energy"), [(1.0, 0.4267632), (4.0, 1.1596576)])
def test_two_fermions_of_gaudin_and_yang(strength, energy):
    """A singlet is symmetric in space: two bosons have its energy."""
    assert gaudin_yang_energy(1, 1, 2.0, strength) == pytest.approx(energy, abs=6e-8)
    assert lieb_liniger_energy(2, 2.0, strength) == pytest.approx(energy, abs=6e-8)


def test_weak_and_strong_repulsion():
    """To first order the mean of the repulsion; impenetrable bosons have the energy of free fermions."""
    wave, weak, strong = 2 * math.pi / 3, 1e-6, 1e9
    assert lieb_liniger_energy(5, 3.0, weak) == pytest.approx(weak * 10 / 3, rel=1e-4)
    assert lieb_liniger_energy(5, 3.0, strong) == pytest.approx(5 * wave**2, rel=1e-6)
    assert gaudin_yang_energy(3, 1, 3.0, weak) == pytest.approx(wave**2 + weak, abs=1e-9)
    assert gaudin_yang_energy(3, 0, 3.0, 1.0) == pytest.approx(wave**2)
    assert two_in_a_trap_energy(1.3, weak) == pytest.approx(1.3 + weak * math.sqrt(1.3 / (2 * math.pi)), abs=1e-11)
    assert two_in_a_trap_energy(1.3, strong) == pytest.approx(2.6, rel=1e-6)


@pytest.mark.parametrize("particles", [PAIR, Particles(1, 1, 1)], ids=str)
def test_the_exact_pair_on_a_ring(particles):
    """Its local energy is constant, and its kink that of the repulsion."""
    hamiltonian, psi = pair_on_a_ring(particles, 2.0, 4.0)
    x = 2 * torch.rand(32, 2, 1, generator=seeded(), dtype=torch.float64)
    torch.testing.assert_close(local_energy(psi, hamiltonian, x), torch.full((32,), 1.1596575823950743).double())
    near = psi(torch.tensor([[[0.3], [0.3]], [[0.3], [0.3 + 1e-7]]], dtype=torch.float64)).log.detach()
    assert float(near[1] - near[0]) / 1e-7 == pytest.approx(2.0, rel=1e-5)


def test_two_in_a_trap_have_the_energy_of_a_weak_contact_to_second_order():
    """Between the mean of the repulsion and zero."""
    trap = harmonic_trap(PAIR, 1.0, contact=0.1)
    assert 1.0 < trap.reference.energy < 1.0 + 0.1 / math.sqrt(2 * math.pi)
    assert harmonic_trap(Particles(2, 0, 1), 1.0, contact=0.1).reference is None


def test_the_kink_of_the_factor_is_half_the_strength_and_only_where_particles_meet():
    """The first two particles meet, at 2e-7 and at 1e-7 from one another; the third one is half around."""
    x = torch.tensor([[[-1e-7], [1e-7], [2.0]], [[-5e-8], [5e-8], [2.0]]], dtype=torch.float64)
    for particles, slope in (
        (Particles(3, 0, 1, statistics="boson"), 1.5),
        (Particles(2, 1, 1), 0.0),
        (Particles(1, 2, 1), 1.5),
    ):
        factor = ContactCusp(particles, 3.0, RING)
        factor.log_range.data += 0.7
        far, near = factor(x).detach()
        assert float(far - near) / 1e-7 == pytest.approx(slope, abs=1e-5)


def test_walkers_stay_on_the_ring():
    """A constant density takes every step, and the width of the moves would grow for good."""
    chain = Metropolis(lambda x: torch.zeros(len(x)).double(), width=0.3, steps=2, period=RING)
    chain.warmup, x = True, torch.zeros(400, 2, 1, dtype=torch.float64)
    for _ in range(30):
        x, _ = chain.update(x, seeded())
    assert chain.width == RING / 2
    assert 0 <= float(x.min()) < 0.1 < 3.9 < float(x.max()) < RING


@pytest.mark.parametrize("backbone", RINGED)
def test_on_a_ring_psi_is_periodic(backbone):
    for psi in (bosons("3 bosons on a ring", backbone)[1], fermions_on_a_ring(backbone)):
        x = electrons(psi.particles).data
        moved = x.clone()
        moved[:, 1] += RING
        sign, log = psi(x)
        torch.testing.assert_close(psi(moved).log, log, rtol=0, atol=1e-11)
        assert torch.equal(psi(moved).sign, sign)
        assert float((psi(x + 1.2 * torch.arange(3)[:, None]).log - log).detach().abs().min()) > 1e-3


def fermions_on_a_ring(backbone):
    hamiltonian = ring(Particles(2, 1, 1), RING, 2.0)
    ansatz = ANSATZ["full determinants"](hamiltonian, BACKBONES[backbone](Features(hamiltonian)))
    ansatz.orbitals.base = PlaneWaves(hamiltonian.particles, RING, (3, 3))
    return Product(ansatz, [ContactCusp(hamiltonian.particles, 2.0, RING)])


def test_bosons_with_harmonic_pairs_have_a_constant_local_energy():
    """The ground state is a Gaussian, of another frequency for the centre of mass."""
    hamiltonian, psi = exact_bosons(5, 3, 0.8, 0.3)
    energy = 2.14**0.5 * 7.5 - 1.5 * (2.14**0.5 - 0.8)
    assert hamiltonian.reference.energy == pytest.approx(energy)
    x = electrons(hamiltonian.particles, 16).data
    torch.testing.assert_close(local_energy(psi, hamiltonian, x), torch.full((16,), energy).double())


@pytest.mark.parametrize("system", BOSONS)
def test_bosons_in_the_forward_laplacian(system):
    _, psi = bosons(system)
    x = electrons(psi.particles, 5).data
    for found, wanted in zip(gradient_and_laplacian(psi, x), gradient_and_laplacian(psi, x, "autograd"), strict=True):
        torch.testing.assert_close(found, wanted, rtol=1e-9, atol=1e-9)


def test_plane_waves_are_orthonormal():
    t = torch.arange(200, dtype=torch.float64) * (RING / 200)
    phi = PlaneWaves(Particles(1, 0, 1), RING, (6, 0))(t[:, None, None])[0][:, 0, 0]
    torch.testing.assert_close(phi.T @ phi / 200, torch.eye(6, dtype=torch.float64), rtol=0, atol=1e-12)


def test_the_proof_knows_contacts_and_bosons():
    """The kink is measured; a wrong one fails; what a kink breaks, or bosons do not have, is left out."""
    hamiltonian, psi = pair_on_a_ring(PAIR, 2.0, 4.0)
    x = 2 * torch.rand(64, 2, 1, generator=seeded(), dtype=torch.float64)
    found = {identity.name: identity for identity in examine(psi, hamiltonian, x)}
    assert not found["cusp at contact"].fails
    assert found["cusp at contact"].value == pytest.approx(2.0, abs=1e-3)
    assert all("expected" in found[name].why for name in ("spin", "kinetic energy", "virial"))
    psi.factors[0].wave *= 1.05
    wrong = {identity.name: identity for identity in examine(psi, hamiltonian, x)}
    assert wrong["cusp at contact"].fails


def test_bosons_are_counted_by_themselves():
    three = Particles(3, 0, 2, statistics="boson")
    assert str(three) == "3 bosons in 2D"
    assert not three.like.any()
    assert not three.exclude
    assert free_energy(three, 2.0) == 6.0
    assert PairJastrow(three).kind.tolist() == [0, 0, 0]
    assert examine(Gaussian_of(three), harmonic_trap(three, 1.0), torch.randn(8, 3, 2).double())[0].value == 3.0


def Gaussian_of(particles):
    return Product(constant(harmonic_trap(particles, 1.0)), [Gaussian(particles, 1.0)])


LINE = Particles(2, 1, 1)
REFUSED = {
    "tensors on a ring": (
        lambda: BACKBONES["tensors"](Features(ring(LINE, 4.0, 1.0))),
        "tensors: expected particles in open space, came a ring",
    ),
    "coordinates on a ring": (
        lambda: BACKBONES["egnn"](Features(ring(LINE, 4.0, 1.0))),
        "egnn: expected particles in open space, came a ring",
    ),
    "spin of bosons": (
        lambda: Particles(1, 1, 2, statistics="boson"),
        r"bosons: expected n_down = 0, .* came .* \(1, 1\)",
    ),
    "bosons with a determinant": (
        lambda: Determinants(HarmonicOrbitals(PAIR, 1.0, (2, 0))),
        "determinants: expected fermions, came 2 bosons in 1D, whose ansatz is symmetric",
    ),
    "fermions with pooling": (
        lambda: Symmetric(SymmetricNetwork(BACKBONES["deep sets"](Features(harmonic_trap(LINE, 1.0))), seeded())),
        "symmetric: expected bosons, came 2 up and 1 down in 1D, whose ansatz is determinant",
    ),
    "contact in a plane": (
        lambda: harmonic_trap(Particles(2, 0, 2, statistics="boson"), 1.0, contact=1.0),
        "contact: expected particles in one dimension, came 2 bosons in 2D",
    ),
    "kink in a plane": (lambda: ContactCusp(Particles(1, 1, 2), 1.0), "expected particles in one dimension"),
    "ring in a plane": (lambda: ring(Particles(1, 1, 2), 4.0, 1.0), "expected particles in one dimension"),
    "attraction": (lambda: Contact(-1.0), "a strength c > 0, came -1"),
    "length": (lambda: ring(LINE, 0.0, 1.0), "a length > 0, came 0"),
    "even numbers": (lambda: gaudin_yang_energy(2, 1, 1.0, 1.0), r"expected odd numbers .*, came \(2, 1\)"),
    "nodes of bosons": (
        lambda: count_nodal_cells(Gaussian_of(PAIR), torch.zeros(1, 2, 1), PAIR, seeded(), 1),
        "nodal cells: expected fermions, came 2 bosons in 1D",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refuses_what_does_not_fit(name):
    make, message = REFUSED[name]
    with pytest.raises(UserError, match=message):
        make()
