"""The group actions against closed forms: orders, orbits, covariance of loops, signs, norms."""

import math

import pytest
import torch

from gaugeflow.symmetry import (
    GROUPS,
    Centre,
    ChargeConjugation,
    Cyclic,
    Dihedral,
    Electrons,
    Euclidean,
    Hypercubic,
    Image,
    Links,
    LocalGauge,
    NoAction,
    PairFeatures,
    Permutations,
    PointFeatures,
    Points,
    PolyakovLoop,
    Scalars,
    SignedLog,
    SiteMatrices,
    SiteScalars,
    SiteVectors,
    TimeReversal,
    Translations,
    group_named,
)
from gaugeflow.symmetry.actions.coordinates import displaced, generators, read_tangent, tangent_size
from gaugeflow.symmetry.actions.haar import haar, haar_orthogonal, restore_group
from gaugeflow.symmetry.actions.permutations import permutation_sign
from gaugeflow.symmetry.examples.cases import polyakov, wilson_action


def links(*size, n=3, seed=0):
    return Links(haar(size, n, torch.Generator().manual_seed(seed), abelian=n == 1))


def same(a, b):
    return bool((a.distance(b) < 1e-12).all())


@pytest.mark.parametrize("n", [2, 3, 4])
def test_haar_links_are_special_unitary_and_of_mean_zero(n):
    u = haar((4000,), n, torch.Generator().manual_seed(1))
    assert torch.allclose(u @ u.mH, torch.eye(n, dtype=u.dtype).expand_as(u), atol=1e-12)
    assert torch.allclose(torch.linalg.det(u), torch.ones(4000, dtype=u.dtype), atol=1e-12)
    trace = torch.diagonal(u, dim1=-2, dim2=-1).sum(-1)
    # <tr U> = 0 and <|tr U|^2> = 1 for the Haar measure of SU(N)
    assert trace.mean().abs() < 5 / math.sqrt(4000)
    assert abs(trace.abs().square().mean() - 1) < 5 * trace.abs().square().std() / math.sqrt(4000)


def test_rotations_have_determinant_one_and_reflections_both_signs():
    generator = torch.Generator().manual_seed(0)
    proper = haar_orthogonal(100, 3, generator, reflections=False)
    full = haar_orthogonal(100, 3, generator, reflections=True)
    assert torch.allclose(proper @ proper.mT, torch.eye(3, dtype=torch.float64).expand_as(proper), atol=1e-12)
    assert torch.allclose(torch.linalg.det(proper), torch.ones(100, dtype=torch.float64))
    assert 20 < int((torch.linalg.det(full) < 0).sum()) < 80


def test_links_that_lost_unitarity_to_float32_are_restored_and_others_are_left_alone():
    u = haar((5,), 3, torch.Generator().manual_seed(0))
    rounded = u.to(torch.complex64).to(torch.complex128)
    restored = restore_group(rounded)
    assert (restored @ restored.mH - torch.eye(3)).abs().max() < 1e-14
    assert (restored - rounded).abs().max() < 1e-6
    assert restore_group(2 * u) is not u
    assert torch.equal(restore_group(2 * u), 2 * u)


def orbit(group, x, draws, seed=0):
    """All distinct images of one configuration."""
    g = group.element(x, draws, torch.Generator().manual_seed(seed))
    image = g(x.map(lambda t: t.expand(draws, *t.shape[1:])))
    key = torch.view_as_real(image.data) if image.data.is_complex() else image.data
    return {tuple(row) for row in key.flatten(1).mul(1e9).round().long().tolist()}


@pytest.mark.parametrize(
    ("shape", "order"), [((2, 2), 8), ((3, 3), 8), ((3, 2), 4), ((3, 3, 3), 48), ((3, 3, 2), 16), ((3, 3, 3, 3), 384)]
)
def test_the_hypercubic_group_has_its_order_and_every_element_is_drawn(shape, order):
    x = links(1, len(shape), *shape, n=1)
    assert Hypercubic().order(x) == order
    assert len(orbit(Hypercubic(), x, 4000)) == order


def test_the_group_is_closed_on_links():
    x = links(1, 3, 3, 3, 3, n=1)
    once = orbit(Hypercubic(), x, 1500)
    g = Hypercubic().element(x, 1, torch.Generator().manual_seed(9))
    assert orbit(Hypercubic(), g(x), 1500) == once


@pytest.mark.parametrize("shape", [(4, 4), (3, 5), (3, 3, 3), (2, 2, 3, 2)])
@pytest.mark.parametrize("n", [2, 3])
def test_the_action_is_invariant_under_everything(shape, n):
    x = links(4, len(shape), *shape, n=n)
    everything = group_named("gauge * hypercubic * translations * charge * centre * time-reversal")
    g = everything.element(x, 4, torch.Generator().manual_seed(2))
    assert torch.allclose(wilson_action(g(x).data), wilson_action(x.data), rtol=1e-12)


def test_one_plaquette_goes_where_a_quarter_turn_puts_it():
    theta = links(1, 2, 4, 4, n=1).data
    plaquette = theta[:, 0] + theta[:, 1].roll(-1, 1) - theta[:, 0].roll(-1, 2) - theta[:, 1]
    g = {
        "axis": torch.tensor([[1, 0]]),
        "sign": torch.tensor([[-1, 1]]),
        "shift": torch.zeros(1, 2, dtype=torch.long),
    }
    from gaugeflow.symmetry.actions.groups import Element

    turned = Element(((Hypercubic(), g),))(Links(theta)).data
    new = turned[:, 0] + turned[:, 1].roll(-1, 1) - turned[:, 0].roll(-1, 2) - turned[:, 1]
    # (x, y) -> (-y, x): the plaquette with corners x .. x + 1 lands with its corner at -y - 1
    for a in range(4):
        for b in range(4):
            difference = new[0, (-b - 1) % 4, a] - plaquette[0, a, b]
            assert abs(math.remainder(float(difference), 2 * math.pi)) < 1e-12


def test_translations_are_rolls():
    x = links(3, 2, 4, 5)
    g = Translations().element(x, 3, torch.Generator().manual_seed(0))
    shift = g.factors[0][1]["shift"]
    for entry in range(3):
        rolled = x.data[entry].roll(tuple(shift[entry].tolist()), dims=(1, 2))
        assert torch.equal(g(x).data[entry], rolled)


def test_the_polyakov_loop_feels_the_centre_charge_conjugation_and_time_reversal():
    x = links(16, 3, 2, 3, 4)
    loop = PolyakovLoop(polyakov(x.data))
    for group in (Centre(), ChargeConjugation(), TimeReversal(), LocalGauge()):
        g = group.element(x, 16, torch.Generator().manual_seed(1))
        assert same(PolyakovLoop(polyakov(g(x).data)), g(loop))
    phases = Centre().element(x, 16, torch.Generator().manual_seed(1)).factors[0][1]["phase"]
    assert {round(float(p) * 3 / (2 * math.pi)) for p in phases.sum(1)} == {0, 1, 2}


def test_vectors_and_links_make_covariant_neighbours():
    x = links(2, 2, 3, 4)
    v = SiteVectors(torch.randn(2, 1, 3, 4, 3, dtype=torch.complex128, generator=torch.Generator().manual_seed(0)))

    def carried(u, v):
        return (u[:, :1] @ v.roll(-1, 2).unsqueeze(-1)).squeeze(-1)

    g = LocalGauge().element((x, v), 2, torch.Generator().manual_seed(1))
    gx, gv = g((x, v))
    assert same(SiteVectors(carried(gx.data, gv.data)), g(SiteVectors(carried(x.data, v.data))))


def test_plaquettes_are_site_matrices():
    def plaquette(u):
        corner = u[:, 0] @ u[:, 1].roll(-1, 1) @ u[:, 0].roll(-1, 2).mH @ u[:, 1].mH
        return SiteMatrices(corner.unsqueeze(1))

    x = links(3, 2, 3, 4)
    for name in ("gauge", "global-gauge", "charge", "centre", "translations"):
        g = group_named(name).element(x, 3, torch.Generator().manual_seed(1))
        assert same(plaquette(g(x).data), g(plaquette(x.data)))


def test_the_sign_of_a_permutation_is_its_determinant():
    order = torch.stack([torch.randperm(6, generator=torch.Generator().manual_seed(s)) for s in range(50)])
    matrices = torch.nn.functional.one_hot(order, 6).double()
    assert torch.equal(permutation_sign(order), torch.linalg.det(matrices).round())


def test_permutations_within_species_keep_the_species():
    spins = torch.tensor([[1, -1, 1, -1, 1], [-1, -1, 1, 1, 1]])
    r = torch.randn(2, 5, 3, generator=torch.Generator().manual_seed(0))
    x = Electrons(r, spins=spins)
    g = Permutations(within_species=True).element(x, 2, torch.Generator().manual_seed(3))
    assert torch.equal(g(x).spins, spins)
    assert not torch.equal(g(x).data, r)
    across = Permutations().element(x, 2, torch.Generator().manual_seed(3))(x)
    assert not torch.equal(across.spins, spins)
    for entry in range(2):
        before = {(int(s), *map(float, row)) for s, row in zip(spins[entry], r[entry], strict=True)}
        after = {(int(s), *map(float, row)) for s, row in zip(across.spins[entry], across.data[entry], strict=True)}
        assert before == after
    assert Permutations(within_species=True).order(Electrons(r, n_up=3)) == 12


def test_signed_permutations_change_the_sign_of_numbers_and_logarithms():
    x = Points(torch.randn(40, 4, 3, generator=torch.Generator().manual_seed(0)))
    g = Permutations(sign=True).element(x, 40, torch.Generator().manual_seed(1))
    sign = g.factors[0][1]["sign"]
    assert set(sign.tolist()) == {1.0, -1.0}
    assert torch.equal(g(Scalars(torch.ones(40, dtype=torch.float64))).data, sign)
    psi = g(SignedLog(torch.ones(40, dtype=torch.float64), torch.zeros(40, dtype=torch.float64)))
    assert torch.equal(psi.sign, sign)


def test_pair_features_move_with_both_particles():
    r = torch.randn(3, 4, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    distance = (r.unsqueeze(2) - r.unsqueeze(1)).norm(dim=-1)
    g = Permutations().element(Points(r), 3, torch.Generator().manual_seed(1))
    moved = g(Points(r)).data
    assert same(g(PairFeatures(distance)), PairFeatures((moved.unsqueeze(2) - moved.unsqueeze(1)).norm(dim=-1)))


def test_tensors_of_each_rank_rotate_with_the_points():
    r = torch.randn(5, 4, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    g = Euclidean(translations=False).element(Points(r), 5, torch.Generator().manual_seed(1))
    moved = g(Points(r)).data
    for rank, make in ((1, lambda r: r), (2, lambda r: r.unsqueeze(-1) * r.unsqueeze(-2))):
        assert same(g(PointFeatures(make(r), rank=rank)), PointFeatures(make(moved), rank=rank))
    cross = torch.linalg.cross(r, r.roll(1, 1))
    pseudo = PointFeatures(torch.linalg.cross(moved, moved.roll(1, 1)), rank=1, pseudo=True)
    assert same(g(PointFeatures(cross, rank=1, pseudo=True)), pseudo)
    assert not same(g(PointFeatures(cross, rank=1)), pseudo)


def test_pictures_turn_about_their_centre():
    picture = Image(torch.randn(64, 2, 4, 4, generator=torch.Generator().manual_seed(0)))
    assert len(orbit(Dihedral(), picture.map(lambda t: t[:1]), 200)) == 8
    assert len(orbit(Cyclic(4), picture.map(lambda t: t[:1]), 200)) == 4
    assert len(orbit(Cyclic(2), picture.map(lambda t: t[:1]), 200)) == 2
    with pytest.raises(ValueError, match="square"):
        Cyclic(4).element(Image(torch.zeros(1, 1, 3, 4)), 1, torch.Generator())


def test_odd_numbers_change_their_sign_under_their_own_character_only():
    x = links(60, 2, 3, 3, n=1)
    one = torch.ones(60, dtype=torch.float64)
    for name, group in (("parity", TimeReversal()), ("charge", ChargeConjugation()), ("z2", group_named("z2"))):
        g = group.element(x, 60, torch.Generator().manual_seed(0))
        assert set(g(Scalars(one, odd=(name,))).data.tolist()) == {1.0, -1.0}
        other = "charge" if name == "parity" else "parity"
        assert g(Scalars(one, odd=(other,))).data.tolist() == one.tolist()


def test_the_topological_charge_in_two_dimensions_is_odd_under_reflections_and_charge_conjugation():
    x = links(32, 2, 4, 4, n=1)

    def charge(theta):
        p = theta[:, 0] + theta[:, 1].roll(-1, 1) - theta[:, 0].roll(-1, 2) - theta[:, 1]
        return Scalars(torch.sin(p).sum((1, 2)), odd=("parity", "charge"))

    for name in ("hypercubic", "charge", "time-reversal", "gauge * translations"):
        g = group_named(name).element(x, 32, torch.Generator().manual_seed(0))
        assert same(charge(g(x).data), g(charge(x.data)))


def test_a_missing_action_says_what_there_is():
    x = Points(torch.zeros(1, 2, 3))
    with pytest.raises(NoAction, match="no action on electrons"):
        Cyclic().element(Image(torch.zeros(1, 1, 2, 2)), 1, torch.Generator())(Electrons(x.data))
    with pytest.raises(ValueError, match="acts on lattice fields"):
        LocalGauge().element(x, 1, torch.Generator())
    with pytest.raises(ValueError, match="one of the groups"):
        group_named("guage")


def test_every_named_group_is_made_by_its_name():
    for name in GROUPS:
        assert group_named(name).label()
    assert group_named("gauge * charge").label() == "gauge * charge"
    assert len(group_named("gauge * charge").parts()) == 2


@pytest.mark.parametrize("n", [2, 3, 4])
def test_the_generators_are_orthonormal(n):
    t = generators(n)
    gram = torch.einsum("aij,bji->ab", t, t)
    assert t.shape[0] == n * n - 1
    assert torch.allclose(gram, torch.eye(n * n - 1, dtype=t.dtype) / 2, atol=1e-14)
    assert torch.equal(t.mH, t)


def test_local_coordinates_are_read_back():
    for x in (links(2, 2, 2, 3), links(2, 2, 2, 3, n=1), SiteScalars(torch.randn(2, 1, 4, dtype=torch.float64))):
        w = 1e-7 * torch.randn(2, tangent_size(x), dtype=torch.float64, generator=torch.Generator().manual_seed(0))
        assert torch.allclose(read_tangent(displaced(x, w), x), w, rtol=1e-6, atol=1e-13)
