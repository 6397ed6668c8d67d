"""The factor of descriptors about the centres: closed forms, derivatives, and any number of particles."""

import pytest
import torch

from gaugeflow.errors import UserError
from gaugeflow.wavefunctions import (
    Determinants,
    Particles,
    Product,
    VectorCloud,
    gradient_and_laplacian,
    quantum_dot,
    ring,
)
from gaugeflow.wavefunctions.optimizers.recorded_derivatives import check_recorded, recorded_derivatives
from tests.wavefunctions.cases import SYSTEMS, electrons, gaussian_orbitals, seeded, vector_cloud


def test_descriptors_are_means_over_pairs():
    """``mean_ij phi_k(i) phi_l(j) (1 + t_i . t_j / sqrt(q_i q_j))``, by hand."""
    dot = quantum_dot(Particles(2, 1, 2), 1.0)
    cloud, x = vector_cloud(dot), electrons(dot.particles, 2).data
    q = (1 + x.square().sum(-1)).sqrt()
    known = torch.stack((q.log(), dot.particles.spins.expand(2, 3), torch.ones(2, 3)), -1)
    phi = cloud.outer(torch.tanh(cloud.inner(known)))
    angle = 1 + (x / q.sqrt()[..., None]) @ (x / q.sqrt()[..., None]).mT
    wanted = torch.einsum("bik,bjl,bij->bkl", phi, phi, angle) / 9
    torch.testing.assert_close(cloud.descriptors(x)[:, 0], wanted)


def test_it_starts_as_nothing():
    dot = quantum_dot(Particles(2, 1, 2), 1.0)
    assert not VectorCloud(dot, 3, 4, seeded())(electrons(dot.particles).data).detach().any()


def test_one_set_of_parameters_serves_any_number_of_particles():
    clouds = [vector_cloud(quantum_dot(Particles(n, n, 2), 1.0)) for n in (1, 4)]
    assert all(torch.equal(a, b) for a, b in zip(*(c.state_dict().values() for c in clouds), strict=True))


def test_derivatives():
    lih = SYSTEMS["LiH"]()
    psi = Product(Determinants(gaussian_orbitals(lih, (2, 2))), [vector_cloud(lih)])
    x = electrons(psi.particles, 4).data
    for found, wanted in zip(gradient_and_laplacian(psi, x), gradient_and_laplacian(psi, x, "autograd"), strict=True):
        torch.testing.assert_close(found, wanted, rtol=1e-9, atol=1e-9)
    check_recorded(psi, x, recorded_derivatives(psi, x))


def test_a_ring_is_refused():
    with pytest.raises(UserError, match="vector cloud: expected particles in open space, came a ring"):
        VectorCloud(ring(Particles(1, 1, 1), 1.0, 1.0), 2, 2, seeded())
