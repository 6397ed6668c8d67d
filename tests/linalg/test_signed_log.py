"""Determinants and Pfaffians: exact values and signs, derivatives in every mode, finite on nodes of any order."""

import itertools
import math
from fractions import Fraction

import pytest
import torch
from torch.func import grad, jacfwd, jacrev, jvp, vmap

from gaugeflow.errors import UserError
from gaugeflow.linalg import (
    Scaled,
    bordered,
    scaled_det,
    scaled_pfaffian,
    scaled_product,
    signed_log,
    signed_log_det,
    signed_log_pfaffian,
    signed_log_sum,
)


def sign_of(order):
    return (-1) ** sum(a > b for a, b in itertools.combinations(order, 2))


def matchings(places):
    """The ways to pair off places, with the sign of the permutation they make."""
    if not places:
        yield (), 1
    for k in range(1, len(places)):
        rest = places[1:k] + places[k + 1 :]
        for pairs, sign in matchings(rest):
            yield ((places[0], places[k]), *pairs), sign * (-1) ** (k - 1)


def leibniz(a):
    """The determinant as a polynomial of the entries: of tensors, or of exact fractions."""
    n = len(a)
    return sum(
        sign_of(order) * math.prod((a[i][order[i]] for i in range(n)), start=1)
        for order in itertools.permutations(range(n))
    )


def pairings(a):
    """The Pfaffian as a polynomial of the entries of the antisymmetric part."""
    return sum(
        sign * math.prod(((a[i][j] - a[j][i]) / 2 for i, j in pairs), start=1)
        for pairs, sign in matchings(tuple(range(len(a))))
    )


pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")  # of torch itself, in forward mode

KINDS = {"determinant": (scaled_det, leibniz), "pfaffian": (scaled_pfaffian, pairings)}
SIZES = [("determinant", n) for n in (1, 2, 3, 5)] + [("pfaffian", n) for n in (2, 4, 6)]


def value(x: Scaled):
    return x.mantissa * x.exponent.exp()


def deficient(kind, n, corank, generator):
    """Integer matrices of a given corank, not with zeros in convenient places."""
    a, b = torch.randint(-3, 4, (2, n, n - corank), generator=generator).double()
    if kind == "determinant":
        return a @ b.mT
    j = torch.zeros(n - corank, n - corank, dtype=torch.float64)
    for k in range(0, n - corank, 2):
        j[k, k + 1], j[k + 1, k] = 1, -1
    return a @ j @ a.mT


@pytest.mark.parametrize(("kind", "n"), SIZES)
def test_equal_to_exact_rational_arithmetic(kind, n, generator):
    scaled, exact = KINDS[kind]
    integers = torch.randint(-4, 5, (60, n, n), generator=generator)
    integers[::3, -1] = integers[::3, 0]  # many are singular
    found = value(scaled(integers.double()))
    wanted = [exact([[Fraction(int(v)) for v in row] for row in matrix]) for matrix in integers]
    assert sum(v == 0 for v in wanted) < 60
    torch.testing.assert_close(found, torch.tensor([float(v) for v in wanted]).double(), rtol=1e-13, atol=1e-10)


@pytest.mark.parametrize("n", [2, 4, 6, 12])
def test_pfaffian_agrees_with_pfapack(n, generator):
    reference = pytest.importorskip("pfapack.pfaffian")
    a = torch.randn(5, n, n, generator=generator, dtype=torch.float64)
    sign, log = signed_log_pfaffian(a - a.mT)
    wanted = torch.tensor([float(reference.pfaffian(m)) for m in (a - a.mT).numpy()], dtype=torch.float64)
    torch.testing.assert_close(sign * log.exp(), wanted, rtol=1e-11, atol=0)


def test_determinant_agrees_with_torch_and_pfaffian_squared_is_it(generator, dtype):
    a = torch.randn(50, 9, 9, generator=generator, dtype=dtype)
    sign, log = signed_log_det(a)
    wanted = torch.linalg.slogdet(a.double())
    tolerance = {"rtol": 0, "atol": 2e4 * torch.finfo(dtype).eps}
    torch.testing.assert_close((sign, log), (wanted.sign.to(dtype), wanted.logabsdet.to(dtype)), **tolerance)
    skew = (a - a.mT)[:, :8, :8]
    torch.testing.assert_close(2 * signed_log_pfaffian(skew).log, signed_log_det(skew).log, **tolerance)


@pytest.mark.parametrize(("kind", "n"), SIZES)
def test_complex_matrices_have_a_phase_with_derivatives(kind, n, generator):
    """sign exp(log) is the polynomial of the entries, and so are its derivatives; a zero has none."""
    scaled, polynomial = KINDS[kind]
    a = torch.randn(3, n, n, dtype=torch.complex128, generator=generator).requires_grad_()
    found = signed_log(scaled(a))
    assert not found.log.is_complex()
    wanted = torch.stack([polynomial(matrix) for matrix in a])
    value = found.sign * found.log.exp()
    torch.testing.assert_close(value, wanted)
    weights = torch.randn(3, dtype=torch.complex128, generator=generator)
    slopes = [torch.autograd.grad((weights * part).sum().real, a, retain_graph=True)[0] for part in (value, wanted)]
    torch.testing.assert_close(*slopes)
    node = signed_log(scaled(torch.zeros_like(a).requires_grad_()))
    assert bool((node.sign == 0).all())
    assert bool(torch.isfinite(node.log).all())


def test_neither_overflows(generator):
    a = torch.randn(3, 8, 8, generator=generator, dtype=torch.float64)
    for f, degree in ((signed_log_det, 8), (signed_log_pfaffian, 4)):
        for power in (-200, 200):
            shifted = f(a).log + degree * power * math.log(10)
            torch.testing.assert_close(f(a * 10.0**power).log, shifted, rtol=1e-12, atol=0)


MODES = {
    "reverse over reverse": lambda f: jacrev(grad(f)),
    "forward over reverse": lambda f: jacfwd(grad(f)),
    "reverse over forward": lambda f: jacrev(jacfwd(f)),
    "forward over forward": lambda f: jacfwd(jacfwd(f)),
    "jvp of jvp": lambda f: lambda x: second_directions(f, x),
}


def second_directions(f, x):
    """The Hessian from d^2/dt ds f(x + t u + s v), all u and v at once."""
    eye = torch.eye(len(x), dtype=x.dtype)
    along = lambda y, u: jvp(f, (y,), (u,))[1]  # noqa: E731
    twice = lambda u, v: jvp(lambda y: along(y, u), (x,), (v,))[1]  # noqa: E731
    return vmap(vmap(twice, (None, 0)), (0, None))(eye, eye)


def curved(kind, n, terms):
    """x (4,) -> log |sum of determinants| of matrices that depend on x in a curved way."""
    generator = torch.Generator().manual_seed(n)
    a, b = torch.randn(2, terms, n, n, 4, generator=generator, dtype=torch.float64)

    def f(x):
        matrix = (a * torch.sin(x) + b * x * x.roll(1)).sum(-1)
        return signed_log_sum(KINDS[kind][0](matrix)).log

    return f


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("kind", "n"), [("determinant", 2), ("determinant", 4), ("pfaffian", 4), ("pfaffian", 6)])
def test_second_derivatives_in_every_mode(kind, n, mode):
    f = curved(kind, n, terms=3)
    x = torch.tensor([0.3, -0.7, 1.1, 0.4], dtype=torch.float64)
    step = 1e-5 * torch.eye(4, dtype=torch.float64)
    by_difference = torch.stack([(grad(f)(x + h) - grad(f)(x - h)) / 2e-5 for h in step])
    slope = torch.stack([(f(x + h) - f(x - h)) / 2e-5 for h in step])
    torch.testing.assert_close(grad(f)(x), slope, rtol=1e-7, atol=1e-8)
    torch.testing.assert_close(MODES[mode](f)(x), by_difference, rtol=1e-6, atol=1e-6)


def test_third_derivative():
    """The gradient of a Laplacian, which is what a gradient through a local energy asks for."""
    f = curved("determinant", 3, terms=2)
    x = torch.tensor([0.3, -0.7, 1.1, 0.4], dtype=torch.float64)
    for hessian in MODES.values():
        laplacian = lambda y, hessian=hessian: hessian(f)(y).trace()  # noqa: E731
        step = 1e-5 * torch.eye(4, dtype=torch.float64)
        by_difference = torch.stack([(laplacian(x + h) - laplacian(x - h)) / 2e-5 for h in step])
        torch.testing.assert_close(grad(laplacian)(x), by_difference, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(
    ("kind", "n", "corank"),
    [("determinant", n, corank) for n in (3, 4) for corank in range(n + 1)]
    + [("pfaffian", n, corank) for n in (4, 6) for corank in (0, 2, 4)],
)
def test_derivatives_on_nodes_of_any_order(kind, n, corank, generator):
    """Value, gradient and Hessian of the polynomial itself, where each logarithm of it diverges."""
    scaled, polynomial = KINDS[kind]
    a = torch.stack([deficient(kind, n, corank, generator) for _ in range(2)])
    hessians = (lambda f: jacfwd(grad(f)), lambda f: jacfwd(jacfwd(f)))
    for derivatives in ((lambda f: f,), (grad,), hessians):
        wanted = vmap(derivatives[0](polynomial))(a)
        for derivative in derivatives:
            found = vmap(derivative(lambda x: value(scaled(x))))(a)
            torch.testing.assert_close(found, wanted, rtol=1e-10, atol=1e-9)


def test_a_sum_is_smooth_on_the_node_of_a_term_and_finite_on_its_own():
    one = torch.tensor([[[1.0, 2.0], [2.0, 4.0]], [[3.0, 1.0], [0.0, 1.0]]], dtype=torch.float64, requires_grad=True)
    sign, log = signed_log_sum(scaled_det(one))
    (slope,) = torch.autograd.grad(log, one)
    adjugates = torch.tensor([[[4.0, -2.0], [-2.0, 1.0]], [[1.0, 0.0], [-1.0, 3.0]]], dtype=torch.float64)
    assert (float(sign), float(log.detach())) == (1, pytest.approx(math.log(3)))
    torch.testing.assert_close(slope, adjugates / 3)
    sign, log = signed_log_sum(scaled_det(one[:1]))
    (slope,) = torch.autograd.grad(log, one)
    assert float(sign) == 0
    assert bool(torch.isfinite(log))
    assert float(slope.abs().max()) == 0


def test_a_product_is_smooth_where_factors_vanish():
    """The second derivative of x y z in x and y is z, also where x = y = 0; far beyond the range of floats too."""
    factors = torch.tensor([0.0, 0.0, 3.0], dtype=torch.float64)
    found = jacrev(grad(lambda v: value(scaled_product(v))))(factors)
    torch.testing.assert_close(found, torch.tensor([[0.0, 3.0, 0.0], [3.0, 0.0, 0.0], [0.0, 0.0, 0.0]]).double())
    assert float(scaled_product(torch.full((500,), -1e5)).exponent) == pytest.approx(500 * math.log(1e5))


def test_vmap_gives_the_batch(generator):
    a = torch.randn(4, 6, 6, generator=generator, dtype=torch.float64)
    for f in (signed_log_det, signed_log_pfaffian):
        torch.testing.assert_close(vmap(f)(a), f(a))


def test_a_border_expands_the_pfaffian_of_odd_order(generator):
    """Pf of a bordered matrix is the alternating sum of v_i times the Pfaffian without i."""
    a, v = torch.randn(6, 5, generator=generator, dtype=torch.float64).split((5, 1))
    a, v = a - a.mT, v[0]
    without = [[j for j in range(5) if j != i] for i in range(5)]
    minors = torch.stack([value(scaled_pfaffian(a[k][:, k])) for k in without])
    signs = torch.tensor([1.0, -1.0, 1.0, -1.0, 1.0]).double()
    torch.testing.assert_close(value(scaled_pfaffian(bordered(a, v[:, None]))), (signs * v * minors).sum())


@pytest.mark.parametrize(
    ("f", "shape", "message"),
    [
        (signed_log_det, (2, 3), "expected square matrices"),
        (signed_log_pfaffian, (3,), "expected square matrices"),
        (signed_log_pfaffian, (3, 3), "expected an even number of rows"),
    ],
)
def test_refuses_other_shapes(f, shape, message):
    with pytest.raises(UserError, match=message):
        f(torch.zeros(shape))


def test_the_empty_matrix_has_one():
    empty = torch.zeros(2, 0, 0)
    for f in (signed_log_det, signed_log_pfaffian):
        torch.testing.assert_close(tuple(f(empty)), (torch.ones(2), torch.zeros(2)))
