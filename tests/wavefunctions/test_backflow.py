"""Orbitals at the places of quasi-particles: the shift itself, its derivatives, rings, and what does not fit."""

import pytest
import torch

from gaugeflow.errors import UserError
from gaugeflow.wavefunctions import (
    Backflow,
    Determinants,
    Gaussian,
    HarmonicOrbitals,
    PairJastrow,
    Particles,
    PlaneWaves,
    Product,
    gradient_and_laplacian,
    molecule,
    quantum_dot,
    ring,
)
from gaugeflow.wavefunctions.ansatz.backflow import QuasiParticles
from gaugeflow.wavefunctions.optimizers.log_derivatives import log_derivatives
from gaugeflow.wavefunctions.optimizers.recorded_derivatives import check_recorded, recorded_derivatives
from tests.wavefunctions.cases import electrons, flowing, seeded

DOT = quantum_dot(Particles(3, 2, 2), 1.0)


def backflow(terms=2):
    return flowing(Backflow(HarmonicOrbitals(DOT.particles, 1.0, DOT.particles.counts), DOT, terms))


def psi():
    return Product(Determinants(backflow()), [Gaussian(DOT.particles, 1.0), PairJastrow(DOT.particles)])


def test_the_shift_of_two_particles():
    """w (1 + (r/l)^2)^(-3/2) of the way to one another."""
    flow = QuasiParticles(quantum_dot(Particles(1, 1, 2), 1.0), 1)
    flow.weight.data[0] = 0.4
    x = torch.tensor([[[0.0, 0.0], [3.0, 0.0]]], dtype=torch.float64)
    eta = 0.4 * (1 + 9.0) ** -1.5
    torch.testing.assert_close(flow(x).detach()[0, :, 0], torch.tensor([3 * eta, 3 - 3 * eta]).double())
    flow.weight.data[0], flow.weight.data[1] = 0.0, 1.0
    assert torch.equal(flow(x).detach(), x)


def test_it_starts_as_the_orbitals_themselves():
    bare = HarmonicOrbitals(DOT.particles, 1.0, DOT.particles.counts)
    x = electrons(DOT.particles).data
    for found, wanted in zip(Backflow(bare, DOT, 3)(x), bare(x), strict=True):
        assert torch.equal(found.detach(), wanted)


def test_the_forward_laplacian_is_that_of_autograd():
    x = electrons(DOT.particles, 5).data
    for found, wanted in zip(
        gradient_and_laplacian(psi(), x), gradient_and_laplacian(psi(), x, "autograd"), strict=True
    ):
        torch.testing.assert_close(found, wanted, rtol=1e-9, atol=1e-9)


def test_derivatives_of_each_sample_are_recorded():
    whole, x = psi(), electrons(DOT.particles, 5).data
    found = recorded_derivatives(whole, x)
    check_recorded(whole, x, found)
    wanted = log_derivatives(whole, x)
    z = torch.randn(5, generator=seeded(), dtype=torch.float64)
    torch.testing.assert_close(found.transposed(z), z @ wanted.double(), rtol=1e-9, atol=1e-10)


def test_on_a_ring_it_is_periodic():
    particles = Particles(3, 0, 1)
    orbitals = Backflow(PlaneWaves(particles, 4.0, (3, 0)), ring(particles, 4.0, 1.0), 2)
    whole = Determinants(flowing(orbitals))
    x = electrons(particles).data
    moved = x.clone()
    moved[:, 2] -= 4.0
    torch.testing.assert_close(whole(moved).log, whole(x).log, rtol=0, atol=1e-11)


def test_refuses_what_does_not_fit():
    with pytest.raises(UserError, match="backflow: expected two particles or more, came 1 up and 0 down"):
        QuasiParticles(molecule(["H"], [[0.0, 0.0, 0.0]], "bohr"), 1)
    with pytest.raises(UserError, match="backflow: expected parts made for 1 up and 1 down"):
        Backflow(HarmonicOrbitals(Particles(1, 1, 2), 1.0, (1, 1)), DOT, 1)
