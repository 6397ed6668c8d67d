"""Sums over images of orbitals: the projection they stand for, their derivatives, and what they refuse."""

from typing import Any

import pytest
import torch

from gaugeflow.errors import UserError
from gaugeflow.symmetry import SignedLog, Verdict
from gaugeflow.symmetry.claims import Equivariance
from gaugeflow.tasks.vmc.sites.projection import ProjectionConfig
from gaugeflow.wavefunctions import Determinants, occupation
from gaugeflow.wavefunctions.occupation.sectors import site_images
from gaugeflow.wavefunctions.occupation.sectors.canonical_form import canonical_form
from gaugeflow.wavefunctions.occupation.sectors.image_sums import CompiledImages
from gaugeflow.wavefunctions.optimizers.log_derivatives import log_derivatives, weighted_gradient
from gaugeflow.wavefunctions.optimizers.recorded_derivatives import check_recorded, recorded_derivatives
from tests.registry.occupation import (
    IMAGES,
    RING,
    SHELL,
    SQUARE,
    backflow,
    hidden,
    moving,
    network,
    seeded,
    signed,
    states,
    twisted,
)

SPINLESS = occupation.t_v(occupation.lattice("square", [3, 3]), 4, 1.0)
CASES = [*IMAGES.values(), (SPINLESS, ((0, 0), "B1", None))]


def of_images(hamiltonian, of) -> occupation.SiteImages:
    return occupation.SiteImages(moving(hamiltonian), occupation.sector(hamiltonian.lattice, *of))


@pytest.mark.parametrize(("hamiltonian", "of"), CASES)
def test_images_are_the_projection(hamiltonian, of) -> None:
    """The sum over all images of a configuration, with its zeros, times the order of the group."""
    psi = of_images(hamiltonian, of)
    x = hamiltonian.particles.every()[::19]
    found, wanted = psi(x), occupation.SiteProjected(psi.psi, psi.group)(x)
    assert torch.equal(found.sign, wanted.sign)
    there = wanted.sign != 0
    assert torch.allclose(found.log[there], wanted.log[there] + torch.tensor(float(len(psi.orders))).log(), atol=1e-9)
    assert bool((found.sign == 0).any()) or of != IMAGES["k = 0, B1"][1]


@pytest.mark.parametrize(("hamiltonian", "of"), CASES)
def test_derivatives_of_images(monkeypatch: pytest.MonkeyPatch, hamiltonian, of) -> None:
    """Compiled ones, in sum and sample by sample, beside those of torch."""
    psi = of_images(hamiltonian, of)
    x = hamiltonian.particles.every()[::7][:40]
    weights = torch.linspace(-1.0, 2.0, len(x)).double()
    values, compiled = psi(x), [part.clone() for part in weighted_gradient(psi, x, weights)]
    recorded = recorded_derivatives(psi, x)
    check_recorded(psi, x, recorded)
    monkeypatch.setattr(site_images, "_compiled", site_images._by_torch)
    by_torch = psi(x)
    assert torch.equal(values.sign, by_torch.sign)
    assert torch.allclose(values.log, by_torch.log, atol=1e-12)
    mine, wanted = (
        torch.cat([part.flatten() for part in parts]) for parts in (compiled, weighted_gradient(psi, x, weights))
    )
    assert float((mine - wanted).norm()) < 1e-9 * float(wanted.norm())
    assert torch.allclose(recorded.matrix(slice(None)), log_derivatives(psi, x), rtol=1e-9, atol=1e-9)


def test_zeros_are_exact_in_single_precision() -> None:
    """Features of a configuration that a mirror leaves alone are equal to rounding only."""
    hamiltonian = occupation.t_v(SQUARE.lattice, 6, 1.0)
    psi = of_images(hamiltonian, ((0, 0), "B1", None)).float()
    x = hamiltonian.particles.draw(2000, seeded())
    zeros = canonical_form(x, psi.group).phase == 0
    assert 0 < int(zeros.sum()) < 2000
    assert torch.equal(psi(x.float()).sign == 0, zeros)


def test_orbitals_alone_and_a_lattice_with_open_ends() -> None:
    """Without a network; the matrices of orbitals on single sites are singular in most images."""
    hamiltonian = occupation.hubbard(occupation.lattice("square", [3, 3], boundary="open"), 2, 1, 3.0)
    particles, group = hamiltonian.particles, occupation.sector(hamiltonian.lattice, None, "A2")
    for start in (occupation.lowest_orbitals(hamiltonian.one_body), torch.eye(9).double().expand(2, 9, 9)):
        base = occupation.SiteOrbitals(particles, 1, particles.counts, start, seeded(), fixed=True)
        psi, x = occupation.SiteImages(Determinants(base), group), particles.every()
        assert torch.equal(psi(x).sign, occupation.SiteProjected(psi.psi, group)(x).sign)
    occupation.SiteImages(moving(hamiltonian), group)


@pytest.mark.parametrize("flip", [1, None])
def test_a_configuration_of_images_is_in_its_sector(flip: int | None) -> None:
    """The exchange of spins goes by canonical configurations on top of the images."""
    chosen = ProjectionConfig(momentum=[0, 0], point_group="B1", spin_flip=flip, route="images")
    hamiltonian = occupation.hubbard(SQUARE.lattice, 2, 2, 3.0)
    psi: Any = chosen.of(moving(hamiltonian), hamiltonian)
    kinds = (occupation.SiteImages,) if flip is None else (occupation.SiteCanonical, occupation.SiteImages)
    for kind, state in zip(kinds, (psi, psi.psi), strict=False):
        assert isinstance(state, kind)
    claim = Equivariance(signed(psi), states(hamiltonian), "psi", chosen.group(hamiltonian), SignedLog)
    (finding,) = claim.verify(trials=6).findings
    assert finding.verdict is Verdict.HOLDS
    with pytest.raises(UserError, match="a momentum or a part of the point group for images"):
        ProjectionConfig(spin_flip=1, route="images").of(moving(hamiltonian), hamiltonian)


def test_a_matrix_without_full_rank_has_its_cofactors() -> None:
    """Two equal rows: the determinant is zero, its derivatives are not."""
    tables = torch.tensor([[1.0, 2.0], [1.0, 2.0]]).double()[None, None]
    own = torch.zeros(1, 1, 2, 2).double().requires_grad_(True)
    none = (torch.zeros(1, 1, 2, 0).double(), torch.zeros(1, 1, 0, 0).double(), torch.zeros(1, 0, 2).double())
    one = (torch.arange(2)[None], torch.ones(1).double())
    total, _ = CompiledImages.apply(*one, tables, own, torch.eye(2).double()[None], *none)
    assert float(total.detach()) == 0.0
    (slopes,) = torch.autograd.grad(total.sum(), own)
    assert torch.allclose(slopes[0, 0], torch.tensor([[2.0, -1.0], [-2.0, 1.0]]).double(), atol=1e-12)


def test_images_that_nearly_cancel_keep_what_rounding_loses() -> None:
    """One particle on three sites, whose images have the numbers 1e16, 1 and -1e16."""
    tables = torch.tensor([1e16, 1.0, -1e16], dtype=torch.float64)[None, None, :, None]
    given = (tables, torch.zeros(1, 1, 1, 1).double(), torch.eye(3)[None, :1])
    none = (torch.zeros(1, 1, 3, 0).double(), torch.zeros(1, 1, 0, 0).double(), torch.zeros(1, 0, 3))
    orders = torch.tensor([[0, 1, 2], [1, 2, 0], [2, 0, 1]])
    total, size = CompiledImages.apply(orders, torch.ones(3).double(), *given, *none)
    assert (float(total), float(size)) == (1.0, 2e16)


def test_many_images_in_several_threads_are_those_of_one() -> None:
    psi = of_images(*IMAGES["k = 0, B1"])
    x = SQUARE.particles.draw(200, seeded())
    alone, before = psi(x), torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        both = psi(x)
    finally:
        torch.set_num_threads(before)
    assert torch.equal(alone.log, both.log)


def test_images_without_characters_are_broken() -> None:
    """Those of the sum that is even in place of one that is odd."""
    group = occupation.sector(SQUARE.lattice, (0, 0), "B1")
    psi = occupation.SiteImages(moving(), occupation.SiteGroup(group.orders))
    claim = Equivariance(signed(psi), states(SQUARE), "psi", group, SignedLog)
    (finding,) = claim.verify(trials=6).findings
    assert finding.verdict is Verdict.BROKEN


def test_what_images_refuse() -> None:
    group, particles = occupation.sector(SQUARE.lattice, (0, 0), "B1"), SQUARE.particles
    with pytest.raises(UserError, match=r"features move with the lattice, .* `isotropic: true`"):
        occupation.SiteImages(moving(isotropic=False), group)
    occupation.SiteImages(moving(isotropic=False), occupation.sector(SQUARE.lattice, (0, 0)))
    with pytest.raises(UserError, match="features move with the lattice"):
        occupation.SiteImages(network(SQUARE), group)
    with pytest.raises(UserError, match="characters 1 and -1, as of the momenta 0 and pi, came complex ones"):
        occupation.SiteImages(moving(), occupation.sector(SQUARE.lattice, (0.5, 0)))
    with pytest.raises(UserError, match="came a group with an exchange of spins"):
        occupation.SiteImages(moving(RING), occupation.sector(RING.lattice, (0,), None, 1))
    start = occupation.lowest_orbitals(SQUARE.one_body)
    wide = occupation.SiteOrbitals(particles, 1, (particles.n, particles.n), start, seeded())
    unlike = moving()
    unlike.orbitals.base = occupation.SiteOrbitals(particles, 1, particles.counts, start, seeded())
    for psi, came in (
        (occupation.SiteProjected(moving(), group), "came SiteProjected"),
        (hidden(), "came HiddenDeterminants"),
        (Determinants(wide, full=True), "came one determinant of both spins"),
        (backflow(occupation.SiteConvolution(SHELL.particles, SHELL.lattice, 3, 2, seeded())), "came backflow"),
        (twisted(), "came ComplexOrbitals"),
        (unlike, "as many terms of the orbitals as of the network, came 1"),
    ):
        with pytest.raises(UserError, match=came):
            occupation.SiteImages(psi, occupation.SiteGroup(torch.arange(psi.particles.sites)[None]))
