"""Groups: closed forms and universal properties, for every group, in both dtypes."""

import math
from collections.abc import Callable
from functools import partial

import pytest
import torch

from gaugeflow.errors import UserError
from gaugeflow.groups import SUN, U1, Group, get_group, group_of
from gaugeflow.linalg import polar_unitary, unitary_eig

GROUPS = {name: get_group(name) for name in ("u1", "su2", "su3", "su4", "su5")}
EPS = {torch.float32: 2e-5, torch.float64: 4e-14}  # products and spectra of 5 x 5 matrices, a hundred roundings


@pytest.fixture(params=[torch.float32, torch.float64], ids=["float32", "float64"])
def real(request):
    return request.param


@pytest.fixture(params=GROUPS.values(), ids=GROUPS)
def group(request) -> Group:
    return request.param


def distance(group: Group, a: torch.Tensor, b: torch.Tensor) -> float:
    """Largest difference of two elements; for U(1) of the angles modulo 2 pi."""
    if group.n == 1:
        return float(torch.polar(torch.ones_like(a), a).sub(torch.polar(torch.ones_like(b), b)).abs().max())
    return float((a - b).abs().max())


def special_elements(group: Group, real: torch.dtype, generator: torch.Generator) -> torch.Tensor:
    """Haar elements, the identity, neighbours of it, nearly degenerate spectra, and centre elements."""
    haar = group.haar((20,), generator, real)
    one = group.identity((1,), real)
    w = torch.randn(8, *group.algebra_shape, generator=generator, dtype=real)
    scales = torch.tensor([1e-12, 1e-8, 1e-6, 1e-4, 1e-3, 1e-2, 0.1, 1.0], dtype=real)
    near_one = group.exp(w * scales.view(-1, *[1] * len(group.algebra_shape)))
    if group.n == 1:
        return torch.cat((haar, one, near_one, torch.tensor([math.pi, -3.0, 3.1415926], dtype=real)))
    angles = torch.zeros(6, group.n, dtype=real)
    angles[:, 0] = 2.0 + torch.tensor([0.0, 1e-12, 1e-8, 1e-5, 1e-3, 1e-2], dtype=real)
    angles[:, 1] = 2.0 if group.n > 2 else 0.0
    angles[:, -1] -= angles.sum(1)
    v = group.haar((6,), generator, real)
    degenerate = (v * torch.polar(torch.ones_like(angles), angles)[:, None, :]) @ v.mH
    centre = group.identity((1,), real) * complex(math.cos(2 * math.pi / group.n), math.sin(2 * math.pi / group.n))
    return torch.cat((haar, one, near_one, degenerate, centre))


def test_basis_is_orthonormal_hermitian_and_traceless(group):
    t = group.basis()
    assert torch.allclose(t, t.mH)
    if group.n > 1:
        gram = torch.einsum("aij,bji->ab", t, t)
        assert torch.allclose(gram, torch.eye(group.dim, dtype=gram.dtype) / 2, atol=1e-15)
        assert t.diagonal(dim1=-2, dim2=-1).sum(-1).abs().max() < 1e-15


def test_basis_of_su2_is_pauli_and_of_su3_gell_mann():
    pauli = torch.tensor([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]], dtype=torch.complex128)
    assert torch.equal(SUN(2).basis(), pauli / 2)
    eighth = torch.diag(torch.tensor([1, 1, -2], dtype=torch.complex128)) / math.sqrt(12)
    assert torch.allclose(SUN(3).basis()[7], eighth)


def test_log_and_exp_are_inverse_everywhere(group, real, generator):
    u = special_elements(group, real, generator)
    assert distance(group, group.exp(group.log(u)), u) < EPS[real]


def test_log_undoes_exp_inside_the_injectivity_radius(group, real, generator):
    w = torch.randn(30, *group.algebra_shape, generator=generator, dtype=real)
    w = w / group.n * torch.logspace(-9, 0, 30, dtype=real).view(-1, *[1] * len(group.algebra_shape))
    assert (group.log(group.exp(w)) - w).abs().max() < EPS[real]


def test_exp_stays_in_the_group_for_large_arguments(group, real, generator):
    w = 10 * torch.randn(30, *group.algebra_shape, generator=generator, dtype=real)
    assert group.violation(group.exp(w)).max() < 10 * EPS[real]  # rounding grows with the norm, here up to 50


def test_exp_is_a_one_parameter_group(group, generator):
    w = torch.randn(10, *group.algebra_shape, generator=generator, dtype=torch.float64)
    assert distance(group, group.mul(group.exp(0.3 * w), group.exp(0.7 * w)), group.exp(w)) < EPS[torch.float64]


def test_su2_minus_one_has_a_logarithm():
    minus = -SUN(2).identity((3,))
    assert distance(SUN(2), SUN(2).exp(SUN(2).log(minus)), minus) < 1e-15


@pytest.mark.parametrize("power", [1, 2])
def test_haar_moments(group, power, generator):
    """The integral of |tr U|^2 is 1; that of |tr U|^4 is 2 (1 for U(1), for N >= 2 the number of invariants)."""
    samples = 40_000
    x = (group.trace(group.haar((samples,), generator)) * group.n).abs() ** (2 * power)
    expected = {1: 1.0, 2: 1.0 if group.n == 1 else 2.0}[power]
    assert abs(float(x.mean()) - expected) < 4 * float(x.std()) / math.sqrt(samples) + 1e-12


def test_haar_is_invariant_under_translations(group, generator):
    shift = group.haar((1,), generator)
    u = group.haar((20_000,), generator)
    x = group.trace(group.mul(shift, u))
    assert abs(complex(x.mean())) < 5 / math.sqrt(2 * 20_000) * (1 if group.n == 1 else 1 / group.n) * math.sqrt(2)


def test_project_is_idempotent_and_covariant(group, real, generator):
    if group.n == 1:
        angles = torch.tensor([-7.0, -math.pi, 0.0, 3.0, math.pi, 100.0], dtype=real)
        wrapped = group.project(angles)
        assert distance(group, wrapped, angles) < 1e-4 if real == torch.float32 else 1e-13
        assert bool((wrapped > -math.pi).all())
        assert bool((wrapped <= math.pi + 1e-6).all())
        return
    u, a, b = (group.haar((20,), generator, real) for _ in range(3))
    noise = 0.2 * torch.randn(u.shape, generator=generator, dtype=u.dtype)
    p = group.project(u + noise)
    assert group.violation(p).max() < EPS[real]
    assert distance(group, group.project(p), p) < EPS[real]
    assert distance(group, group.project(a @ (u + noise) @ b), a @ p @ b) < EPS[real] * 10


def test_project_finds_the_closest_unitary(generator):
    m = torch.randn(10, 3, 3, generator=generator, dtype=torch.complex128)
    left, _, right = torch.linalg.svd(m)
    assert (polar_unitary(m) - left @ right).abs().max() < 1e-12


def test_project_of_a_singular_matrix_says_so():
    with pytest.raises(ValueError, match="invertible"):
        SUN(3).project(torch.zeros(2, 3, 3, dtype=torch.complex128))


def test_eigenangles_are_sorted_and_those_of_a_known_spectrum(group, real, generator):
    u = special_elements(group, real, generator)
    theta = group.eigenangles(u)
    assert bool((theta.diff(dim=-1) >= 0).all())
    assert bool((theta.abs() <= math.pi + 1e-6).all())
    mean = torch.polar(torch.ones_like(theta), theta).mean(-1)
    assert (mean - group.trace(u)).abs().max() < EPS[real]


def test_spectral_decomposition_rebuilds_the_matrix(generator):
    u = special_elements(SUN(4), torch.float64, generator)
    theta, v = unitary_eig(u)
    assert ((v * torch.polar(torch.ones_like(theta), theta)[..., None, :]) @ v.mH - u).abs().max() < EPS[torch.float64]
    assert (v.mH @ v - torch.eye(4)).abs().max() < 1e-14


def checks_for(group: Group) -> tuple[Callable[..., bool], Callable[..., bool]]:
    """Every entry of the Jacobian against differences; of large groups its product with random vectors."""
    return tuple(partial(f, fast_mode=group.n > 2) for f in (torch.autograd.gradcheck, torch.autograd.gradgradcheck))


def test_derivatives_along_the_group(group, generator):
    """exp, log, projection and eigenangles against finite differences, at the identity and at close eigenvalues too."""
    base = special_elements(group, torch.float64, generator)[[19, 20, 22, 24, 26]]
    w = torch.zeros(5, *group.algebra_shape, dtype=torch.float64, requires_grad=True)

    def moved(x):
        return group.mul(group.exp(x), base)

    gradcheck, gradgradcheck = checks_for(group)
    assert gradcheck(lambda x: group.log(moved(x)), w)
    generic = group.haar((3,), generator)
    w3 = torch.zeros(3, *group.algebra_shape, dtype=torch.float64, requires_grad=True)
    assert gradcheck(lambda x: group.eigenangles(group.mul(group.exp(x), generic)), w3)
    assert gradgradcheck(lambda x: group.eigenangles(group.mul(group.exp(x), generic)), w3)
    w = torch.randn(3, *group.algebra_shape, generator=generator, dtype=torch.float64)
    w[0] = 0
    w[1] *= 1e-7
    to_real = (lambda u: u) if group.n == 1 else torch.view_as_real
    assert gradcheck(lambda x: to_real(group.exp(x)), w.requires_grad_())
    if group.n > 1:
        m = torch.randn(2, group.n, group.n, generator=generator, dtype=torch.complex128, requires_grad=True)
        assert gradcheck(lambda x: torch.view_as_real(group.project(x)), m)


@pytest.mark.parametrize("n", [2, 3, 4])
def test_second_derivatives_of_the_projection_at_an_element(n, generator):
    u = SUN(n).haar((2,), generator).requires_grad_()
    gradcheck, gradgradcheck = checks_for(SUN(n))
    assert gradcheck(lambda x: torch.view_as_real(SUN(n).project(x)), u)
    assert gradgradcheck(lambda x: torch.view_as_real(SUN(n).project(x)), u)


def test_second_derivatives_through_the_logarithm_at_the_identity():
    """The sum of squared angles of exp(w) is 2 |w|^2, so its Hessian is 4 also where all angles coincide."""
    w = torch.zeros(8, dtype=torch.float64, requires_grad=True)
    hessian = torch.autograd.functional.hessian(lambda x: 2 * (SUN(3).log(SUN(3).exp(x)) ** 2).sum(), w)
    assert torch.allclose(hessian, 4 * torch.eye(8, dtype=torch.float64), atol=1e-12)


def test_the_basis_is_a_copy():
    SUN(3).basis().mul_(2)
    assert torch.allclose(SUN(3).basis()[0, 0, 1], torch.tensor(0.5, dtype=torch.complex128))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_wrapping_keeps_angles_inside_and_small_ones_exact(dtype):
    pi = torch.tensor(math.pi, dtype=dtype)
    beyond = torch.nextafter(pi, 2 * pi)
    angles = torch.stack((pi, -pi, beyond, -beyond, 3 * pi, -3 * pi, torch.tensor(1e-12, dtype=dtype)))
    wrapped = U1().project(angles)
    assert bool((wrapped > -math.pi).all())
    assert bool((wrapped <= math.pi).all())
    assert wrapped[-1] == angles[-1]


def test_exp_of_su2_has_second_derivatives_at_zero():
    w = torch.zeros(1, 3, dtype=torch.float64, requires_grad=True)
    hessian = torch.autograd.functional.hessian(lambda x: SUN(2).trace(SUN(2).exp(x)).real.sum(), w)
    assert torch.allclose(hessian.view(3, 3), -torch.eye(3, dtype=torch.float64) / 4, atol=1e-14)


@pytest.mark.parametrize("n", [2, 3, 4])
def test_second_derivatives_of_the_logarithm(n, generator):
    """Against finite differences of first derivatives, at a generic element and at two nearly equal eigenvalues."""
    base = special_elements(SUN(n), torch.float64, generator)[[0, 30, 31]]
    w = torch.zeros(3, SUN(n).dim, dtype=torch.float64, requires_grad=True)
    _, gradgradcheck = checks_for(SUN(n))
    assert gradgradcheck(lambda x: SUN(n).log(SUN(n).exp(x) @ base), w)


@pytest.mark.parametrize(("text", "name"), [("u1", "u1"), ("U(1)", "u1"), ("SU(3)", "su3"), ("su12", "su12")])
def test_names(text, name):
    assert get_group(text).name == name


@pytest.mark.parametrize("text", ["", "su1", "so3", "u2", "su", "su-x", "su02", 3])
def test_wrong_names_say_what_is_expected(text):
    with pytest.raises(UserError, match="expected u1 or suN"):
        get_group(text)


def test_wrong_tensors_are_refused():
    with pytest.raises(UserError, match="3 coefficients"):
        SUN(2).exp(torch.zeros(4))
    with pytest.raises(UserError, match="N >= 2"):
        SUN(2.5)
    with pytest.raises(ValueError, match="finite"):
        SUN(3).eigenangles(torch.full((3, 3), torch.nan, dtype=torch.complex128))


def test_the_group_of_a_field_is_read_from_its_dtype():
    assert group_of(torch.zeros(1, 2, 4, 4)) == U1()
    assert group_of(torch.zeros(1, 2, 4, 4, 3, 3, dtype=torch.complex64)) == SUN(3)
    with pytest.raises(UserError, match="links: expected"):
        group_of(torch.zeros(3, 2, dtype=torch.complex64))
    with pytest.raises(UserError, match="links: expected"):
        group_of(torch.zeros(3, 3, dtype=torch.int64))
