"""Representations, the maps between them, their irreducible parts: dimensions that are known, laws that must hold."""

import math

import pytest
import torch

from gaugeflow.symmetry import (
    Angles,
    CartesianTensors,
    EdgeIndex,
    Group,
    Image,
    Links,
    NoAction,
    PairFeatures,
    Points,
    Scalars,
    SignedLog,
    SiteMatrices,
    SiteVectors,
    check,
    represent,
)
from gaugeflow.symmetry.actions.coordinates import generators
from gaugeflow.symmetry.algebra.representations.commutant import irreducible_parts
from gaugeflow.symmetry.algebra.representations.hom import _first_candidates, commuting, dimension, hom
from gaugeflow.symmetry.algebra.representations.intertwiners import intertwiners
from gaugeflow.symmetry.algebra.representations.representation import representation
from tests.symmetry.samples import normal


def fundamental(n):
    """SU(n) on vectors: those of a lattice of one site."""
    return representation(SiteVectors(normal(1, 1, 1, n) + 0j), "global-gauge")


def adjoint(n):
    """The traceless part of vector times conjugate vector, in the coordinates of Hermitian generators."""
    return (fundamental(n) * fundamental(n).dual()).within(generators(n))


def vectors(group="rotations", d=3):
    return representation(CartesianTensors(normal(1, d)), group)


def picture(extent, group):
    return representation(Image(normal(1, 1, extent, extent)), group)


def links(n):
    return representation(Links(normal(1, 2, 2, 2, n, n) + 0j), "gauge")


def sites(n):
    return representation(SiteMatrices(normal(1, 1, 2, 2, n, n) + 0j), "gauge")


def points():
    return representation(Points(normal(1, 5, 1)), "permutations")


def pairs():
    return representation(PairFeatures(normal(1, 4, 4)), "permutations")


def scalar_beside(x):
    return representation(Scalars(normal(1, 1)), x.group, x.example)


DIMENSIONS = {
    "S5, points to points": (lambda: (points(), points()), 2),
    "S4, pairs to pairs: the Bell number": (lambda: (pairs(), pairs()), 15),
    "S4, pairs to a number": (lambda: (pairs(), scalar_beside(pairs())), 2),
    "SO(3), V x V to V: the cross product": (lambda: (vectors() * vectors(), vectors()), 1),
    "O(3), V x V to V": (lambda: (vectors("orthogonal") * vectors("orthogonal"), vectors("orthogonal")), 0),
    "SO(3), V x V to V x V": (lambda: (vectors() * vectors(), vectors() * vectors()), 3),
    "SU(2), adj x adj to adj": (lambda: (adjoint(2) * adjoint(2), adjoint(2)), 1),
    "SU(3), adj x adj to adj: f and d": (lambda: (adjoint(3) * adjoint(3), adjoint(3)), 2),
    "SU(3), 3 x 3 to 3bar": (lambda: (fundamental(3) * fundamental(3), fundamental(3).dual()), 1),
    "SU(3), 3 x 3 to 3": (lambda: (fundamental(3) * fundamental(3), fundamental(3)), 0),
    "SU(2), 2 to its conjugate": (lambda: (fundamental(2), fundamental(2).conjugate()), 1),
    "SU(2), 2 as real numbers: the quaternions": (lambda: (fundamental(2).real(), fundamental(2).real()), 4),
    "translations of 4 x 4": (lambda: (picture(4, "translations"),) * 2, 16),
    "D4 and translations of 5 x 5": (lambda: (picture(5, "d4 * translations"),) * 2, 6),
    "SO(3), V + V to V": (lambda: (vectors() + vectors(), vectors()), 2),
    "local SU(2), site matrices of 2 x 2: traces to traces, the rest at its site": (lambda: (sites(2),) * 2, 16 + 4),
    "local SU(2), links of 2 x 2: both links between two sites are alike": (lambda: (links(2),) * 2, 4 * 4),
    "local SU(3), links of 2 x 2: a link and its reverse are not": (lambda: (links(3),) * 2, 8),
}


@pytest.mark.parametrize("name", DIMENSIONS)
def test_there_are_as_many_intertwiners_as_is_known(name):
    (x, y), expected = DIMENSIONS[name][0](), DIMENSIONS[name][1]
    basis = hom(x, y)
    assert len(basis) == expected
    example = (x.example, y.example)
    g = x.group.element(example, 16, torch.Generator().manual_seed(99))
    off = y(g).unsqueeze(1) @ basis - basis @ x(g).unsqueeze(1)
    assert off.abs().amax() < 1e-12 if expected else basis.shape == (0, y.size, x.size)
    products = basis.flatten(1).conj() @ basis.flatten(1).mT
    torch.testing.assert_close(products, torch.eye(expected, dtype=basis.dtype), atol=1e-12, rtol=0)


def test_the_product_of_two_vectors_is_the_cross_product():
    v = vectors()
    basis = hom(v * v, v)[0].reshape(3, 3, 3)
    a, b = normal(3, seed=1), normal(3, seed=2)
    found = torch.einsum("kij,i,j->k", basis, a, b)
    expected = torch.linalg.cross(a, b) / math.sqrt(6)
    torch.testing.assert_close(found * torch.sign(found @ expected), expected, atol=1e-12, rtol=0)


def test_few_random_elements_of_a_finite_group_are_not_believed():
    """Four random translations may generate a subgroup, and 32 maps commute with it instead of 16."""
    x = picture(4, "translations")
    g = x.draw(4, torch.Generator().manual_seed(6))
    assert len(commuting(x(g), x(g), torch.eye(256).double().reshape(256, 16, 16))) == 32
    assert dimension(x, x, x.example) == 16
    seeds = [s for s in range(5) if _few(x, s) > 16]
    assert seeds
    assert all(len(hom(x, x, seed=seed, fresh=0)) == 16 for seed in seeds)


def _few(x, seed):
    g = x.draw(8, torch.Generator().manual_seed(seed))
    return len(_first_candidates(x(g), x(g)))


def test_matrices_act_on_what_is_read_as_the_group_acts_on_values():
    for group, x in {
        "charge * hypercubic": Links(normal(3, 2, 3, 3, 2, 2) + 1j * normal(3, 2, 3, 3, 2, 2, seed=1)),
        "gauge": SiteMatrices(normal(3, 1, 2, 2, 2, 2) + 1j),
        "permutations": PairFeatures(normal(3, 4, 4, 2)),
    }.items():
        represented = representation(x, group)
        g = represented.draw(3, torch.Generator().manual_seed(4))
        moved = (represented(g) @ represented.read((x.data,)).unsqueeze(2)).squeeze(2)
        torch.testing.assert_close(moved, represented.read((g(x).data,)), atol=1e-13, rtol=0)
        assert represented.is_complex == (group == "gauge")


def test_new_representations_are_representations():
    v = fundamental(3)
    a = v.draw(5, torch.Generator().manual_seed(1))
    b = v.draw(5, torch.Generator().manual_seed(2))
    for made in (v + v.dual(), v * v.dual(), v.dual(), v.conjugate(), v.real(), adjoint(3)):
        g = made(a @ b)
        torch.testing.assert_close(made(a) @ made(b), g, atol=1e-13, rtol=0)
        assert g.shape == (5, made.size, made.size)
        trace = torch.einsum("gii->g", g)
        torch.testing.assert_close(made.character(a @ b), trace, atol=1e-13, rtol=0)
    sizes = (adjoint(3)(a).mH @ adjoint(3)(a) - torch.eye(8)).abs().max()
    assert sizes < 1e-13


def test_a_layer_passes_the_check_and_takes_the_factors_of_a_product():
    x = Image(normal(2, 1, 4, 4))
    maps = intertwiners(x, x, "d4 * translations")
    layer = maps.layer(generator=torch.Generator().manual_seed(0))
    assert check(layer, x, "d4 * translations", out=Image, trials=8).holds
    assert sum(p.numel() for p in layer.parameters()) == maps.dim == 6
    v = vectors()
    product = intertwiners(v * v, v, "rotations").layer(generator=torch.Generator().manual_seed(0))
    a, b = normal(4, 3), normal(4, 3, seed=1)
    assert (product(a, b) * a).sum(1).abs().max() < 1e-13 < product(a, b).abs().max()


def test_a_layer_between_real_and_complex_values_is_linear_over_the_reals():
    x = SiteMatrices(normal(2, 1, 1, 2, 2) + 1j * normal(2, 1, 1, 2, 2, seed=1))
    maps = intertwiners(x, Scalars(normal(2, 1)), "global-gauge")
    assert maps.dim == 2  # the real and the imaginary part of the trace
    layer = maps.layer(generator=torch.Generator().manual_seed(0))
    assert check(layer, x, "global-gauge", out=Scalars, trials=4).holds
    back = intertwiners(Scalars(normal(2, 1)), x, "global-gauge").layer(generator=torch.Generator().manual_seed(0))
    assert back(normal(2, 1)).shape == x.data.shape


PARTS = {
    "SO(3), V x V": (lambda: vectors() * vectors(), [(1, 1, "real"), (3, 1, "real"), (5, 1, "real")]),
    "SU(3), 8 x 8": (
        lambda: adjoint(3) * adjoint(3),
        [(1, 1, "real"), (8, 2, "real"), (10, 1, "complex"), (10, 1, "complex"), (27, 1, "real")],
    ),
    "SU(2), 2": (lambda: fundamental(2), [(2, 1, "quaternionic")]),
    "SU(2), 2 as real numbers": (lambda: fundamental(2).real(), [(4, 1, "quaternionic")]),
    "SU(3), 3 + 3bar": (
        lambda: fundamental(3) + fundamental(3).dual(),
        [(3, 1, "complex"), (3, 1, "complex")],
    ),
    "SU(3), 3 + 3bar as real numbers": (
        lambda: (fundamental(3) + fundamental(3).dual()).real(),
        [(6, 2, "complex")],
    ),
    "SO(2), V": (lambda: vectors(d=2), [(2, 1, "complex")]),
    "O(2), V": (lambda: vectors("orthogonal", d=2), [(2, 1, "real")]),
    "S5, points": (points, [(1, 1, "real"), (4, 1, "real")]),
    "S4, pairs": (pairs, [(1, 2, "real"), (2, 1, "real"), (3, 1, "real"), (3, 3, "real")]),
    "translations of 2 x 2": (lambda: picture(2, "translations"), [(1, 1, "real")] * 4),
}


@pytest.mark.parametrize("name", PARTS)
def test_irreducible_parts_are_the_known_ones(name):
    whole, expected = PARTS[name][0](), PARTS[name][1]
    assert irreducible_parts(whole, whole.group) == expected


class Shear(Group):
    """(x, y) -> (x + t y, y): no sum of irreducible parts."""

    name = "shear"

    def draw(self, x, size, generator):
        return {"t": torch.randn(size, generator=generator, dtype=torch.float64)}

    def compose(self, g, h):
        return {"t": g["t"] + h["t"]}


class WrongShear(Shear):
    """What its author says of products is not so."""

    name = "wrong-shear"

    def compose(self, g, h):
        return {"t": g["t"] * h["t"]}


@pytest.fixture
def shears(monkeypatch):
    monkeypatch.setattr("gaugeflow.symmetry.actions.groups._ACTIONS", dict(_actions()))

    @represent(Shear, CartesianTensors)
    def _(g, v):
        return v.with_data(v.data + torch.stack([g["t"] * v.data[:, 1], torch.zeros_like(g["t"])], 1))


def _actions():
    from gaugeflow.symmetry.actions import groups

    return groups._ACTIONS


def test_a_representation_that_is_no_sum_is_said_to_be_none(shears):
    plane = CartesianTensors(normal(1, 2))
    assert intertwiners(plane, plane, Shear()).dim == 2  # 1 and the shear itself
    with pytest.raises(ValueError, match="expected a sum of irreducible representations"):
        irreducible_parts(plane, Shear())


def test_an_action_that_is_no_representation_points_to_its_check(shears):
    with pytest.raises(ValueError, match=r"no representation: .* check_action\(group, value\)"):
        representation(CartesianTensors(normal(1, 2)), WrongShear())


@pytest.mark.parametrize(
    ("x", "group", "error", "message"),
    [
        (Points(normal(1, 4, 3)), "gauge", ValueError, "acts on lattice fields"),
        (Image(normal(1, 1, 4, 4)), "euclidean", NoAction, "no action on image"),
        (Points(normal(1, 4, 3)), "euclidean", ValueError, r"not act on points in a linear way"),
        (Links(normal(1, 2, 3, 3)), "gauge", ValueError, "not act on links in a linear way.* exp"),
        (SignedLog(normal(1), normal(1)), "fermions", ValueError, "numbers that can be added"),
        (EdgeIndex(torch.zeros(1, 2, 4).long()), "permutations", ValueError, "numbers that can be added"),
        (Image(normal(1, 1, 80, 80)), "translations", ValueError, r"at most 4096 .* 6400 in image \(1, 80, 80\)"),
    ],
)
def test_what_has_no_matrix_is_said(x, group, error, message):
    with pytest.raises(error, match=message):
        representation(x, group)


def test_angles_that_only_turn_around_have_matrices():
    links = Links(normal(1, 2, 3, 3))
    parts = irreducible_parts(links, "translations * hypercubic")
    assert {part.type for part in parts} == {"real"}
    assert intertwiners(links, links, "translations * hypercubic").dim == sum(part.multiplicity**2 for part in parts)
    assert sum(part.dimension * part.multiplicity for part in parts) == 18
    assert irreducible_parts(Angles(normal(1, 2)), "charge") == [(1, 2, "real")]


def test_a_null_space_that_is_too_large_is_refused_with_its_size():
    x = Image(normal(1, 1, 40, 40))
    with pytest.raises(ValueError, match=r"at most 262144 entries .* 1600 x 1600"):
        intertwiners(x, x, "translations")
    x = Image(normal(1, 1, 16, 16))
    with pytest.raises(ValueError, match=r"at most 67108864 entries .* 65536 matrices of 256 x 256"):
        intertwiners(x, x, "z2")
    with pytest.raises(ValueError, match=r"of one group, got those of SO\(d\) and O\(d\)"):
        vectors() * vectors("orthogonal")
    with pytest.raises(ValueError, match="leads out of it"):
        vectors().within(torch.eye(3)[:2])
