"""Couplings, Wigner matrices and harmonics against their defining equations, and against e3nn and sphericart."""

import math

import pytest
import torch

from gaugeflow.symmetry import clebsch_gordan, spherical_harmonics, wigner_d
from gaugeflow.symmetry.actions.haar import haar_orthogonal
from tests.symmetry.samples import normal

GENERATOR = torch.Generator().manual_seed(0)
R, S = (haar_orthogonal(20, 3, GENERATOR, reflections=False) for _ in range(2))
POLES = torch.stack([torch.eye(3, dtype=torch.float64), torch.diag(torch.tensor([-1.0, 1.0, -1.0]).double())])
TRIPLES = [(a, b, c) for a in range(5) for b in range(5) for c in range(abs(a - b), min(a + b, 4) + 1)]


def turned(rotation, r):
    return (rotation @ r.unsqueeze(-1)).squeeze(-1)


def largest(difference):
    return float(difference.abs().max())


@pytest.mark.parametrize("l", range(7))
@pytest.mark.parametrize("rotation", [R, POLES, -R], ids=["anywhere", "poles", "reflections"])
def test_wigner_matrices_are_a_representation_under_which_harmonics_turn(l, rotation):
    d, other = wigner_d(l, rotation), wigner_d(l, S[: len(rotation)])
    assert largest(wigner_d(l, rotation @ S[: len(rotation)]) - d @ other) < 1e-13
    assert largest(d @ d.mT - torch.eye(2 * l + 1).double()) < 1e-13
    r = normal(len(rotation), 3)
    assert largest(spherical_harmonics(l, turned(rotation, r)) - turned(d, spherical_harmonics(l, r))) < 1e-13


@pytest.mark.parametrize("l", range(1, 7))
def test_the_trace_is_the_character_of_the_angle(l):
    """chi_l = sin((2 l + 1) w / 2) / sin(w / 2), with 1 + 2 cos w = tr R."""
    angle = torch.arccos((torch.diagonal(R, dim1=-2, dim2=-1).sum(-1) - 1) / 2)
    character = torch.diagonal(wigner_d(l, R), dim1=-2, dim2=-1).sum(-1)
    assert torch.allclose(character, ((2 * l + 1) * angle / 2).sin() / (angle / 2).sin(), rtol=0, atol=1e-12)


@pytest.mark.parametrize(("l1", "l2", "l3"), TRIPLES)
def test_couplings_are_invariant_of_unit_size_and_even_or_odd_under_exchange(l1, l2, l3):
    c = clebsch_gordan(l1, l2, l3)
    moved = torch.einsum("ijk,xia,xjb,xkc->xabc", c, wigner_d(l1, R), wigner_d(l2, R), wigner_d(l3, R))
    assert largest(moved - c) < 1e-13
    assert float(c.square().sum()) == pytest.approx(1, abs=1e-14)
    assert largest(c - (-1) ** (l1 + l2 + l3) * clebsch_gordan(l2, l1, l3).transpose(0, 1)) < 1e-14


def test_low_couplings_are_the_products_of_vectors():
    """Two vectors make a scalar product, a cross product, and a traceless symmetric matrix."""
    a, b = normal(2, 5, 3)
    made = [torch.einsum("xa,xb,abc->xc", a, b, clebsch_gordan(1, 1, l)) for l in range(3)]
    assert largest(made[0].squeeze(1) - (a * b).sum(1) / 3**0.5) < 1e-14
    assert largest(made[1].abs() - torch.linalg.cross(a, b).abs() / 6**0.5) < 1e-14
    norms = [m.square().sum(1) * (2 * l + 1) for l, m in enumerate(made)]
    assert largest(sum(norms) - a.square().sum(1) * b.square().sum(1)) < 1e-13


def test_the_harmonics_of_a_degree_have_the_closed_forms_of_the_axis_and_add_up_to_legendre():
    x, y, z = r = normal(3, 10)
    unit = 15**0.5 * torch.stack([x * z, x * y, (y * y - (x * x + z * z) / 2) / 3**0.5, y * z, (z * z - x * x) / 2], 1)
    made = spherical_harmonics(2, r.T, normalize=False, normalization="component")
    assert largest(made - unit) < 1e-13
    a, b = normal(2, 10, 3)
    cosine = torch.nn.functional.cosine_similarity(a, b)
    for l in range(7):
        product = (spherical_harmonics(l, a) * spherical_harmonics(l, b)).sum(1)
        legendre = torch.special.legendre_polynomial_p(cosine, l)
        assert largest(product - (2 * l + 1) / (4 * math.pi) * legendre) < 1e-13


def test_the_gradient_of_harmonics_and_matrices_is_that_of_polynomials():
    assert torch.autograd.gradcheck(lambda r: spherical_harmonics(4, r, False), normal(2, 3).requires_grad_())
    assert torch.autograd.gradcheck(lambda m: wigner_d(3, m), normal(2, 3, 3).requires_grad_())


def test_single_precision_stays_single():
    r = normal(4, 3).float()
    assert spherical_harmonics(3, r).dtype == wigner_d(3, R.float()).dtype == torch.float32
    assert largest(spherical_harmonics(3, r).double() - spherical_harmonics(3, r.double())) < 1e-6


@pytest.mark.parametrize(("l1", "l2", "l3"), TRIPLES)
def test_couplings_are_those_of_e3nn_with_their_sign(o3, l1, l2, l3):
    assert largest(clebsch_gordan(l1, l2, l3) - o3.wigner_3j(l1, l2, l3, dtype=torch.float64)) < 1e-14


@pytest.mark.parametrize("l", range(7))
def test_matrices_and_harmonics_are_those_of_e3nn(o3, l):
    assert largest(wigner_d(l, R) - o3.wigner_D(l, *o3.matrix_to_angles(R))) < 1e-13
    for normalization in ("norm", "component", "integral"):
        for normalize in (True, False):
            made = spherical_harmonics(l, R[..., 0] * 1.3, normalize, normalization)
            assert largest(made - o3.spherical_harmonics(l, R[..., 0] * 1.3, normalize, normalization)) < 1e-13


def test_harmonics_are_those_of_sphericart():
    sphericart = pytest.importorskip("sphericart", reason="sphericart is not installed")
    r = normal(20, 3)
    # its polar axis is z, ours is y
    theirs = torch.from_numpy(sphericart.SphericalHarmonics(6).compute(r[:, [2, 0, 1]].contiguous().numpy()))
    ours = torch.cat([spherical_harmonics(l, r) for l in range(7)], dim=1)
    assert largest(ours - theirs) < 1e-13


def test_what_is_no_degree_is_refused():
    for degrees in ((1, 1, 3), (2, 0, 1), (-1, 1, 1)):
        with pytest.raises(ValueError, match=r"expected degrees \|l1 - l2\| <= l3"):
            clebsch_gordan(*degrees)
    with pytest.raises(ValueError, match=r"expected l of 0 or more and matrices \(\.\.\., 3, 3\), got l = 2, \(4, 2\)"):
        wigner_d(2, normal(4, 2))
    with pytest.raises(ValueError, match="one of norm, component, integral, got l = 1"):
        spherical_harmonics(1, normal(4, 3), normalization="unit")
