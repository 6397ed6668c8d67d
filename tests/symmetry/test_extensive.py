"""Totals that grow with the number of copies and fields that repeat, and functions that do neither."""

import pytest
import torch

from gaugeflow.symmetry import (
    Angles,
    CartesianTensors,
    Cell,
    EdgeIndex,
    Electrons,
    Links,
    PointFeatures,
    Points,
    PolyakovLoop,
    Scalars,
    SiteScalars,
    SymmetryBroken,
    Verdict,
    assert_extensive,
    check_extensive,
)
from gaugeflow.symmetry.actions.haar import haar
from gaugeflow.symmetry.checks.systems.tiling import tiled
from gaugeflow.symmetry.examples.cases import polyakov, wilson_action
from gaugeflow.symmetry.examples.pair_potential import PairPotential
from tests.symmetry.samples import field, normal

CELL = Cell(4 * torch.eye(3, dtype=torch.float64) + 0.3 * normal(2, 3, 3))
PERIODIC = (Points(2 * normal(2, 4, 3)), CELL)
PHI = field(2, 3, 4, 6)


def laplacian(phi):
    return phi.roll(1, 2) + phi.roll(-1, 2) + phi.roll(1, 3) + phi.roll(-1, 3) - 4 * phi


def moments(r, cell, charge):
    """Energy, net charge times a field, and charges of neighbours, of charges in a cell."""
    return PairPotential()(r, cell), charge.sum((1, 2)), charge.square()


def test_fields_repeat_and_sums_grow():
    def both(phi):
        return laplacian(phi).sin(), (phi * laplacian(phi)).sum((1, 2, 3))

    assert_extensive(both, PHI, out=(SiteScalars, Scalars), copies=3)
    with pytest.raises(SymmetryBroken, match="2 copies side by side, that much more: broken"):
        assert_extensive(lambda phi: both(phi)[1] / phi[0, 0].numel(), PHI)
    assert_extensive(lambda phi: both(phi)[1] / phi[0, 0].numel(), PHI, intensive=True)
    open_ends = torch.nn.Conv2d(3, 1, 3, padding=1).double()
    assert check_extensive(open_ends, PHI, out=SiteScalars).verdict is Verdict.BROKEN


def test_links_repeat_in_every_direction():
    links = Links(haar((2, 3, 2, 3, 2), 2, torch.Generator().manual_seed(0)))
    assert_extensive(wilson_action, links)
    assert_extensive(polyakov, links, out=PolyakovLoop, axes=(0, 1), intensive=True)
    assert check_extensive(polyakov, links, out=PolyakovLoop, intensive=True).verdict is Verdict.BROKEN


def test_particles_repeat_with_their_cell():
    x = (*PERIODIC, PointFeatures(normal(2, 4, 1)))
    assert_extensive(moments, x, out=(Scalars, Scalars, PointFeatures))
    two = tiled(x, x, 1, 2)
    assert torch.equal(two[0].data[:, 4:], x[0].data + CELL.data[:, 1:2])
    assert torch.equal(two[1].data, CELL.data * torch.tensor([1.0, 2.0, 1.0])[:, None])
    nearest_only = PairPotential(cutoff=6.0)  # further than the neighbouring images that it sums over
    assert check_extensive(nearest_only, PERIODIC, out=Scalars).verdict is Verdict.BROKEN


def test_a_dipole_grows_and_a_condition_stays():
    def dipole(r, cell, charge, t):
        return (charge * (r - r.mean(1, keepdim=True)).sin() * t[:, None, None]).sum(1)

    x = (*PERIODIC, PointFeatures(normal(2, 4, 1)), Scalars(normal(2).abs()))
    assert check_extensive(dipole, x, out=CartesianTensors).verdict is Verdict.BROKEN
    assert check_extensive(
        lambda r, c, q, t: (q * t[:, None, None]).sum(1).expand(-1, 3), x, out=CartesianTensors
    ).holds


def test_single_precision_and_what_cannot_run():
    phi = field(2, 1, 4, 4).map(torch.Tensor.float)
    assert_extensive(lambda phi: laplacian(phi).square().sum((1, 2, 3)), phi)
    fixed = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(16, 1), torch.nn.Flatten(0))
    assert check_extensive(fixed, phi, out=Scalars).verdict is Verdict.RAISED


def test_what_cannot_be_repeated_is_refused():
    def nothing(*x):
        return x[0].sum((1, 2))

    edges = EdgeIndex(torch.tensor([[[0, 1], [1, 2]]]).expand(2, 2, 2))
    refusals = {
        "points with a cell; got points": Points(normal(2, 4, 3)),
        "pairs and edges of copies are not known": (*PERIODIC, edges),
        "expected electrons with a tensor of spins": (Electrons(normal(2, 4, 3), n_up=2), CELL),
    }
    for message, x in refusals.items():
        with pytest.raises(ValueError, match=message):
            check_extensive(nothing, x, out=Scalars)
    for options in ({"copies": 1}, {"axes": (2,)}, {"axes": ()}):
        with pytest.raises(ValueError, match=r"two copies or more and axes among \[0, 1\]"):
            check_extensive(laplacian, PHI, out=SiteScalars, **options)
    with pytest.raises(ValueError, match="got angles; say intensive=True for a mean"):
        check_extensive(lambda phi: phi.sum((1, 2, 3)), PHI, out=Angles)
