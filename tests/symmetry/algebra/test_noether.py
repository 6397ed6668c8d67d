"""Conserved charges: closed forms, our leapfrog in four dimensions, and what breaks them."""

import pytest
import torch

from gaugeflow.lattice import WilsonAction, hot_start
from gaugeflow.lattice.spaces import tangent_noise
from gaugeflow.montecarlo import HMC
from gaugeflow.symmetry import Links, PointFeatures, Points, SiteScalars, charges, check_conserved
from gaugeflow.symmetry.actions.coordinates import generators
from gaugeflow.symmetry.actions.haar import haar
from gaugeflow.symmetry.examples.cases import wilson_force
from gaugeflow.symmetry.examples.dynamics import LinkLeapfrog, ParticleLeapfrog
from gaugeflow.symmetry.reports.findings import Verdict
from tests.symmetry.samples import normal

CLOUD, MOMENTA = Points(normal(2, 4, 3)), normal(2, 4, 3, seed=1)


def su3(batch=2):
    u = haar((batch, 2, 2, 3), 3, torch.Generator().manual_seed(0))
    return u, normal(batch, 2, 2, 3, 8, seed=1)


def test_charges_of_motions_are_momentum_and_angular_momentum():
    found = charges(CLOUD, MOMENTA, "euclidean")
    momentum, angular = MOMENTA.sum(1), torch.linalg.cross(CLOUD.data, MOMENTA).sum(1)
    assert (found[:, 3:] - momentum).abs().max() < 1e-13
    # the generator of the plane (i, j) takes x_j to x_i
    assert (found[:, :3] - angular[:, [2, 1, 0]] * torch.tensor([-1.0, 1.0, -1.0])).abs().max() < 1e-13


def test_charges_of_gauge_transformations_are_gauss_law():
    u, p = su3()
    t = generators(3)
    matrices = torch.einsum("b...a,aij->b...ij", p.to(t), t)
    arriving = [(u[:, mu].mH @ matrices[:, mu] @ u[:, mu]).roll(1, 1 + mu) for mu in range(2)]
    law = matrices.sum(1) - sum(arriving)
    expected = 2 * torch.einsum("aij,b...ji->b...a", t, law).real
    assert (charges(Links(u), p, "gauge") - expected.flatten(1)).abs().max() < 1e-13


def test_charges_of_phases_are_divergences():
    theta, p = normal(2, 2, 3, 3), normal(2, 2, 3, 3, seed=1)
    divergence = sum(p[:, mu] - p[:, mu].roll(1, 1 + mu) for mu in range(2))
    assert (charges(Links(theta), p, "gauge") - divergence.flatten(1)).abs().max() < 1e-13
    assert (charges(Links(theta), p, "centre") - p[:, 1, :, 0].sum(1, keepdim=True)).abs().max() < 1e-13


@pytest.mark.slow
def test_the_leapfrog_of_4d_su3_holds_gauss_law_and_not_the_energy():
    generator, action = torch.Generator().manual_seed(0), WilsonAction(4, 5.7)
    hmc = HMC(action, integrator="leapfrog", length=0.1, step_size=0.1, backend="torch")
    u = hot_start("su3", (2, 2, 2, 2), generator, 1)
    p = tangent_noise(action.space, u, generator)
    report = check_conserved(hmc.trajectory, (Links(u), p), "gauge", steps=100)
    assert report.holds
    assert report.findings[0].largest_error < 1e-12
    energies, state = [], (u, p)
    for _ in range(5):
        energies.append(float(hmc.hamiltonian(*state)))
        state = hmc.trajectory(*state)
    assert max(energies) - min(energies) > 1e-3

    def wrong(field, momenta):
        field, new = hmc.trajectory(field, momenta)
        return field, torch.cat([momenta[:, :1] + 1.01 * (new - momenta)[:, :1], new[:, 1:]], dim=1)

    broken = check_conserved(wrong, (Links(u), p), "gauge", steps=3)
    assert broken.verdict is Verdict.BROKEN
    assert "broken at step 1 " in broken.findings[0].message


@pytest.mark.parametrize("group", ["gauge", "global-gauge"])
def test_the_leapfrog_of_links_holds_its_charges(group):
    u, p = su3()
    assert check_conserved(LinkLeapfrog(wilson_force), (Links(u), p), group).holds


@pytest.mark.parametrize("group", ["rotations", "point-translations", "rotations * point-translations"])
def test_particles_hold_what_their_potential_does(group):
    step = ParticleLeapfrog()
    assert check_conserved(step, (CLOUD, MOMENTA), group).holds
    pulled = lambda r, p: (lambda a, b: (a, b + 0.01 * torch.tensor([0.0, 0.0, 1.0])))(*step(r, p))  # noqa: E731
    assert not check_conserved(pulled, (CLOUD, PointFeatures(MOMENTA, rank=1)), group).holds


def test_a_drift_that_is_within_the_tolerance_holds():
    step = lambda r, p: (r, p * (1 + 1e-6))  # noqa: E731
    assert not check_conserved(step, (CLOUD, MOMENTA), "rotations", steps=3).holds
    assert check_conserved(step, (CLOUD, MOMENTA), "rotations", steps=3, tolerance=1e-5).holds


def test_a_step_that_fails_is_neither_held_nor_broken():
    report = check_conserved(lambda r, p: r.nothing, (CLOUD, MOMENTA), "rotations")
    assert (report.verdict, report.exit_code) == (Verdict.RAISED, 2)
    still = check_conserved(lambda r, p: (r, p), (CLOUD, torch.zeros_like(MOMENTA)), "rotations")
    assert still.verdict is Verdict.VACUOUS
    endless = check_conserved(lambda r, p: (r, p / 0), (CLOUD, MOMENTA), "rotations")
    assert endless.verdict is Verdict.NOT_FINITE


@pytest.mark.parametrize(
    ("x", "group", "message"),
    [
        ((CLOUD, MOMENTA), "permutations", "expected a group with continuous directions"),
        ((CLOUD, MOMENTA[:, :2]), "rotations", "expected momenta with 12 real numbers for each of 2 entries"),
        ((CLOUD, torch.zeros(3)), "rotations", "expected momenta with 12 real numbers for each of 2 entries"),
        ((CLOUD, MOMENTA), "gauge", "acts on lattice fields"),
        (CLOUD, "rotations", r"expected the pair \(positions, momenta\), got Points"),
        ((SiteScalars(normal(1, 1, 3)), normal(1, 1, 3)), "rotations", "no action on site_scalars"),
    ],
)
def test_what_has_no_charges_is_said_in_one_message(x, group, message):
    with pytest.raises(ValueError, match=message):
        check_conserved(ParticleLeapfrog(), x, group)


def test_no_step_is_refused():
    with pytest.raises(ValueError, match="expected at least one step, got 0"):
        check_conserved(ParticleLeapfrog(), (CLOUD, MOMENTA), "rotations", steps=0)
