"""What sees nothing beyond a distance, on lattices, between points and in cells, and what sees too far."""

import pytest
import torch

from gaugeflow.symmetry import (
    Angles,
    Cell,
    EdgeIndex,
    Irreps,
    Links,
    PointFeatures,
    Points,
    Scalars,
    SiteMatrices,
    SiteScalars,
    SymmetryBroken,
    Verdict,
    assert_local,
    check_local,
)
from gaugeflow.symmetry.actions.haar import haar
from gaugeflow.symmetry.checks.systems.regions import regions
from gaugeflow.symmetry.examples.cases import wilson_action
from gaugeflow.symmetry.examples.pair_potential import PairPotential
from tests.symmetry.samples import field, normal

PHI = field(2, 1, 9, 8)
CLOUD = Points(1.5 * normal(3, 8, 3))


def within(radius):
    """Vectors to the neighbours within a radius, added up for each point, and their number weighted smoothly."""

    def f(r):
        apart = r.unsqueeze(2) - r.unsqueeze(1)
        weight = (1 - apart.square().sum(-1, keepdim=True) / radius**2).clamp(min=0) ** 2
        return (weight * apart).sum(2), weight.sum(2)

    return f


VECTORS = (lambda t: PointFeatures(t, rank=1), PointFeatures)


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_a_field_sees_as_far_as_it_is_shifted(steps):
    def shifted(phi):
        return phi.roll(steps, 2) * phi.roll(-1, 3)

    assert_local(shifted, PHI, steps, out=SiteScalars)
    assert check_local(shifted, PHI, steps - 1, out=SiteScalars).verdict is Verdict.BROKEN
    assert_local(lambda phi: (phi * shifted(phi)).sum((1, 2, 3)), PHI, steps)
    too_near = check_local(lambda phi: (phi * shifted(phi)).sum((1, 2, 3)), PHI, steps - 1, out=Scalars)
    assert too_near.verdict is Verdict.BROKEN


def test_staples_are_local_and_a_polyakov_line_is_not():
    links = Links(haar((2, 2, 5, 5), 2, torch.Generator().manual_seed(0)))

    def plaquette(u):
        return (u[:, 0] @ u[:, 1].roll(-1, 1) @ u[:, 0].roll(-1, 2).mH @ u[:, 1].mH).unsqueeze(1)

    def line(u):
        return torch.stack([u[:, 1].roll(-k, 2) for k in range(5)], 1).sum(1, keepdim=True)

    assert_local(plaquette, links, 1, out=SiteMatrices)
    assert_local(wilson_action, links, 1)
    assert check_local(plaquette, links, 0, out=SiteMatrices).verdict is Verdict.BROKEN
    assert check_local(line, links, 1, out=SiteMatrices).verdict is Verdict.BROKEN
    assert check_local(lambda u: wilson_action(u) ** 2, links, 1, out=Scalars).verdict is Verdict.BROKEN


def test_messages_end_at_the_cut_off():
    assert_local(within(1.5), CLOUD, 1.5, out=VECTORS)
    assert check_local(within(3.0), CLOUD, 1.5, out=VECTORS).verdict is Verdict.BROKEN

    def twice(r, h):
        """Two rounds of messages, which reach twice as far."""
        seen = (r.unsqueeze(2) - r.unsqueeze(1)).norm(dim=-1, keepdim=True) < 1.2
        for _ in range(2):
            h = torch.tanh(h + (seen * h.unsqueeze(1)).sum(2))
        return h

    spread = Points(1.5 * normal(3, 30, 3))
    x = (spread, PointFeatures(normal(3, 30, 2)))
    assert_local(twice, x, 2.4, out=PointFeatures)
    assert check_local(twice, x, 1.2, out=PointFeatures).verdict is Verdict.BROKEN
    irreps = Irreps("1x1o+1x0e").of_points
    assert_local(lambda r: torch.cat(within(1.5)(r), -1), CLOUD, 1.5, out=irreps)


def test_an_energy_is_a_sum_of_terms_of_finite_range_also_in_a_cell():
    potential = PairPotential(cutoff=1.2)
    assert_local(potential, CLOUD, 1.2)
    x = (Points(4 * normal(2, 6, 3)), Cell(4 * torch.eye(3, dtype=torch.float64) + 0.3 * normal(2, 3, 3)))
    assert_local(potential, x, 1.2)
    with pytest.raises(SymmetryBroken, match=r"nothing is seen beyond 0\.6: broken"):
        assert_local(potential, x, 0.6)
    assert check_local(lambda r: potential(r).square(), CLOUD, 1.2, out=Scalars).verdict is Verdict.BROKEN


def test_what_is_far_is_so_before_and_after_the_moves_and_in_all_images():
    x = (Points(4 * normal(4, 9, 3)), Cell((3 * torch.eye(3, dtype=torch.float64)).expand(4, 3, 3)))
    at = regions(x, 1.0, torch.Generator().manual_seed(0))
    assert at.far.any(1).all()
    chosen = at.here.long().argmax(1)
    for a in (x[0].data, at.other[0].data):
        for b in (x[0].data, at.other[0].data):
            apart = b - a[torch.arange(4), chosen].unsqueeze(1)
            apart = (apart - 3 * (apart / 3).round()).norm(dim=-1)  # images of a cubic cell
            assert (apart[at.far] > 1.0).all()
    assert torch.equal(at.other[1].data, x[1].data)


def test_a_system_in_which_nothing_is_far_says_so():
    report = check_local(lambda phi: phi, PHI, 5, out=SiteScalars)
    assert report.verdict is Verdict.VACUOUS
    assert "nothing in the example is further than 5 from anything else" in str(report)
    assert check_local(within(1.0), Points(0.1 * normal(2, 4, 3)), 2.0, out=VECTORS).verdict is Verdict.VACUOUS


def test_what_has_no_places_is_refused():
    with pytest.raises(ValueError, match="expected a radius of 0 or more, got -1"):
        check_local(lambda phi: phi, PHI, -1, out=SiteScalars)
    with pytest.raises(ValueError, match="expected points or fields on a lattice, got scalars"):
        check_local(lambda s: s, Scalars(normal(2)), 1, out=Scalars)
    with pytest.raises(ValueError, match="expected fields, features, scalars or tensors as output, got angles"):
        check_local(lambda phi: phi.sum((1, 2, 3)), PHI, 1, out=Angles)
    assert check_local(lambda phi: phi[:, :, ::3], PHI, 1, out=SiteScalars).verdict is Verdict.WRONG_SHAPE
    edges = EdgeIndex(torch.tensor([[[0, 1], [1, 2]]]).expand(3, 2, 2))
    assert check_local(lambda r, e: r, (CLOUD, edges), 1.0, out=Points).holds
