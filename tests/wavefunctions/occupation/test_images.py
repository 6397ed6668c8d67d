"""Sums over images of orbitals: the projection they stand for, their derivatives, and what they refuse."""

import pytest
import torch

from gaugeflow.errors import UserError
from gaugeflow.symmetry import SignedLog, Verdict
from gaugeflow.symmetry.claims import Equivariance
from gaugeflow.wavefunctions import occupation
from gaugeflow.wavefunctions.occupation.sectors import site_images
from gaugeflow.wavefunctions.optimizers.log_derivatives import log_derivatives
from gaugeflow.wavefunctions.optimizers.recorded_derivatives import check_recorded, recorded_derivatives
from tests.registry.occupation import IMAGES, RING, SQUARE, moving, network, seeded, signed, states

SPINLESS = occupation.t_v(occupation.lattice("square", [3, 3]), 4, 1.0)
CASES = [*IMAGES.values(), (SPINLESS, ((0, 0), "B1", None))]


def of_images(hamiltonian, of) -> occupation.SiteImages:
    return occupation.SiteImages(moving(hamiltonian), occupation.sector(hamiltonian.lattice, *of))


def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sums by torch in place of compiled ones."""
    monkeypatch.setattr(site_images._Compiled, "apply", site_images._by_torch)


@pytest.mark.parametrize(("hamiltonian", "of"), CASES)
def test_images_are_the_projection(hamiltonian, of) -> None:
    """The sum over all images of a configuration, with its zeros, times the order of the group."""
    psi = of_images(hamiltonian, of)
    x = hamiltonian.particles.every()[::7]
    found, wanted = psi(x), occupation.SiteProjected(psi.psi, psi.group)(x)
    assert torch.equal(found.sign, wanted.sign)
    there = wanted.sign != 0
    assert torch.allclose(found.log[there], wanted.log[there] + torch.tensor(float(len(psi.orders))).log(), atol=1e-9)
    assert bool((found.sign == 0).any()) or of != IMAGES["k = 0, B1"][1]


@pytest.mark.parametrize(("hamiltonian", "of"), CASES)
def test_derivatives_of_images(monkeypatch: pytest.MonkeyPatch, hamiltonian, of) -> None:
    """Compiled and recorded ones beside those of torch, sample by sample."""
    psi = of_images(hamiltonian, of)
    x = hamiltonian.particles.every()
    x = x[psi(x).sign != 0][:40]
    recorded = recorded_derivatives(psi, x)
    check_recorded(psi, x, recorded)
    wanted = log_derivatives(psi, x)
    assert torch.allclose(recorded.matrix(slice(None)), wanted, rtol=1e-9, atol=1e-9)
    compiled = psi(x)
    plain(monkeypatch)
    assert torch.allclose(psi(x).log, compiled.log, atol=1e-12)
    assert torch.allclose(log_derivatives(psi, x), wanted, rtol=1e-9, atol=1e-9)


def test_a_matrix_without_full_rank_has_its_cofactors() -> None:
    """Two equal rows: the determinant is zero, its derivatives are not."""
    tables = torch.tensor([[1.0, 2.0], [1.0, 2.0]]).double()[None, None]
    own = torch.zeros(1, 1, 2, 2).double().requires_grad_(True)
    none = (torch.zeros(1, 1, 2, 0).double(), torch.zeros(1, 1, 0, 0).double(), torch.zeros(1, 0, 2).double())
    one = (torch.arange(2)[None], torch.ones(1).double())
    total, _ = site_images._Compiled.apply(*one, tables, own, torch.eye(2).double()[None], *none)
    assert abs(float(total.detach())) < 1e-15
    (slopes,) = torch.autograd.grad(total.sum(), own)
    assert torch.allclose(slopes[0, 0], torch.tensor([[2.0, -1.0], [-2.0, 1.0]]).double(), atol=1e-12)


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
    group = occupation.sector(SQUARE.lattice, (0, 0), "B1")
    with pytest.raises(UserError, match=r"features move with the lattice, .* `isotropic: true`"):
        occupation.SiteImages(moving(isotropic=False), group)
    occupation.SiteImages(moving(isotropic=False), occupation.sector(SQUARE.lattice, (0, 0)))
    with pytest.raises(UserError, match="features move with the lattice"):
        occupation.SiteImages(network(SQUARE), group)
    for wrong in (occupation.sector(SQUARE.lattice, (0.5, 0)), occupation.sector(RING.lattice, (0,), None, 1)):
        with pytest.raises(UserError, match="real characters and no exchange of spins"):
            occupation.SiteImages(moving(RING if wrong.flips.any() else SQUARE), wrong)
    pairs = occupation.SiteProjected(moving(), group)
    with pytest.raises(UserError, match="determinants of each spin"):
        occupation.SiteImages(pairs, group)  # type: ignore[arg-type]
