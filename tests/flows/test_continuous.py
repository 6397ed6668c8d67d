"""Trivializing flows: loop algebra and kernels against autograd, orders of the integrators, adjoint, least squares."""

import math
from itertools import pairwise

import pytest
import torch
from torch import Tensor

from gaugeflow import lattice
from gaugeflow.errors import UserError
from gaugeflow.flows import ContinuousFlow, GaussNewton, LoopBasis, fit_along_path, luescher_functions
from gaugeflow.flows.continuous.bsplines import BSpline
from gaugeflow.flows.continuous.flow import transport
from gaugeflow.flows.continuous.lie_integrators import INTEGRATORS, _pulled_back
from gaugeflow.flows.continuous.loop_algebra import LoopAlgebra
from gaugeflow.flows.continuous.neural import _Links
from gaugeflow.groups import get_group
from gaugeflow.kernels.select import get_loop_polynomials
from gaugeflow.kernels.tapes.loops import record_loops
from gaugeflow.lattice.exact import Exact2D
from gaugeflow.lattice.loops import loop_traces
from gaugeflow.lattice.paths import lattice_images, rectangle
from tests.flows.laplacian import assert_laplacian

PLAQUETTE = rectangle(0, 1, 1, 1)
DOUBLE = torch.float64


def basis_for(name: str, shape: tuple[int, ...], order: int = 1) -> LoopBasis:
    group, action = get_group(name), lattice.WilsonAction(len(shape), 1.0)
    return LoopBasis(group, shape, luescher_functions(group, len(shape), action.loops, order))


def random_flow(name: str, generator: torch.Generator, size: float = 0.3, **options: object) -> ContinuousFlow:
    group = get_group(name)
    monomials = luescher_functions(group, 2, lattice.WilsonAction(2, 1.0).loops, 1)
    flow = ContinuousFlow(group, monomials, **options)  # type: ignore[arg-type]
    with torch.no_grad():
        flow.coefficients.copy_(size * torch.randn(flow.coefficients.shape, generator=generator, dtype=DOUBLE))
    return flow


@pytest.mark.parametrize(
    ("name", "shape", "order"),
    [("u1", (2, 3), 2), ("su2", (3, 3), 1), ("su3", (2, 2), 1), ("su2", (2, 2, 2), 0)],
)
def test_the_laplacian_is_the_trace_of_the_hessian(
    name: str, shape: tuple[int, ...], order: int, generator: torch.Generator
) -> None:
    """Also on tori so small that loops meet themselves and wind round."""
    assert_laplacian(basis_for(name, shape, order), generator)


def test_a_simple_loop_is_an_eigenfunction_of_the_laplacian() -> None:
    for name, casimir in (("u1", 1.0), ("su2", 3 / 4), ("su3", 4 / 3)):
        monomial = ((rectangle(0, 1, 1, 2), (0, 0)),)
        algebra = LoopAlgebra(get_group(name), 2, (6, 6))
        assert algebra.laplacian(monomial) == {algebra.canonical(monomial): pytest.approx(-6 * casimir)}


def test_one_application_of_the_force_makes_the_known_loops() -> None:
    """The plaquette; rectangle and bent loop; nine functions of eight links, products of traces among them."""
    loops = lattice.WilsonAction(3, 1.0).loops
    assert len(luescher_functions(get_group("su3"), 3, loops, 0)) == 1
    names = luescher_functions(get_group("su3"), 3, loops, 1)
    lengths = sorted(sum(len(path) for path, _ in monomial) for monomial in names)
    assert lengths == [4, 6, 6, *[8] * 9]


def test_the_tape_multiplies_each_piece_once(generator: torch.Generator) -> None:
    loops = [image for sides in ((1, 1), (1, 2), (2, 2)) for image in lattice_images(rectangle(0, 1, *sides), 2)]
    recording = record_loops(tuple((((loop, (0, 0)),),) for loop in loops), (4, 3))
    assert len(recording.tape.products) <= 10 < sum(len(loop) - 2 for loop in loops)
    links = lattice.hot_start("su2", (4, 3), generator, 2)
    polynomials = get_loop_polynomials(get_group("su2"), (4, 3), recording, backend="torch")
    found = polynomials.values(polynomials.kernels.pack(links))
    expected = loop_traces(links, loops).real.flatten(2).sum(2).mT
    assert torch.allclose(found, expected, atol=1e-12)


@pytest.mark.parametrize(("name", "shape"), [("su3", (3, 4)), ("su3", (2, 3, 4))])
def test_the_compiled_polynomials_equal_the_reference(
    name: str, shape: tuple[int, ...], generator: torch.Generator
) -> None:
    basis = basis_for(name, shape)
    group, count = basis.group, len(basis.functions)
    links = lattice.hot_start(group, shape, generator, 2)
    momenta = torch.randn(2, len(shape), *shape, *group.algebra_shape, generator=generator, dtype=DOUBLE)
    c, e = torch.randn(2, count, generator=generator, dtype=DOUBLE)
    weight = torch.randn(2, generator=generator, dtype=DOUBLE)
    found = []
    for backend in ("torch", "numba"):
        polynomials = get_loop_polynomials(group, shape, basis.recording, backend=backend)
        kernels = polynomials.kernels
        state, p = kernels.pack(links), kernels.pack_momenta(momenta)
        force, values = polynomials.force(state, c)
        back, again, _, along = polynomials.pullback(state, p, c, e, weight)
        fields = [kernels.unpack_momenta(x) for x in (force, back, again)]
        found.append([*fields, values, along, *polynomials.directional(state, p), polynomials.values(state)])
    for one, other in zip(*found, strict=True):
        assert torch.allclose(one, other, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("name", sorted(INTEGRATORS))
def test_the_error_of_an_integrator_falls_with_its_order(name: str, generator: torch.Generator) -> None:
    """Links and log-determinant; a step half as long leaves at most about ``2^-order`` of the error."""
    flow = random_flow("su3", generator, integrator=name, splines=4)
    z = lattice.hot_start("su3", (4, 4), generator, 2)

    def at(steps: int) -> tuple[Tensor, Tensor]:
        flow.steps = steps
        return transport(flow, z, flow.times())

    first = 3 if name == "rkmk8" else 8
    results = [at(steps) for steps in (first, 2 * first, 4 * first)]
    for k in (0, 1):
        coarse, fine = (float((a[k] - b[k]).abs().max()) for a, b in pairwise(results))
        assert math.log2(coarse / fine) > INTEGRATORS[name].order - 0.3


@pytest.mark.parametrize("name", ["su2", "su3"])
def test_slopes_are_pulled_back_to_the_algebra(name: str, generator: torch.Generator) -> None:
    """``log(exp(e v) exp(u)) = u + e dexp^-1_u v``, up to the term of order 8: ``|[u, .]|^8 / 1209600``."""
    group = get_group(name)
    u, v = torch.randn(2, 5, group.dim, generator=generator, dtype=DOUBLE)
    u *= (
        1.2 / torch.linalg.matrix_norm(group.algebra(u), 2)[:, None]
    )  # eigenvalues of [u, .] are differences: up to 2.4
    ends = [group.log(group.exp(e * v) @ group.exp(u)) for e in (1e-5, -1e-5)]
    found = _pulled_back(_Links(group), u, v)
    for row, expected, size in zip(found, (ends[0] - ends[1]) / 2e-5, v.norm(dim=1), strict=True):
        assert float((row - expected).norm()) < 1.2 * 2.4**8 / 1209600 * float(size)


def test_the_inverse_undoes_the_flow(generator: torch.Generator) -> None:
    flow = random_flow("su3", generator, steps=48)
    z = lattice.hot_start("su3", (4, 4), generator, 2)
    with torch.no_grad():
        x, log_det = flow(z)
        back, inverse_log_det = flow.inverse(x)
    assert float((back - z).abs().max()) < 1e-8
    assert float((log_det + inverse_log_det).abs().max()) < 1e-6
    assert float((x - z).abs().max()) > 0.1


def test_the_adjoint_is_autograd_through_the_integrator(generator: torch.Generator) -> None:
    """For U(1), where the method is the classical one in the angles: differentiated step by step."""
    flow = random_flow("u1", generator, size=0.1, steps=16, backend="torch")
    z = lattice.hot_start("u1", (3, 4), generator, 2).requires_grad_()
    a, b = torch.randn(z.shape, generator=generator, dtype=DOUBLE), torch.tensor([0.3, -0.7], dtype=DOUBLE)
    system = flow.system(z.detach())

    def slope(t: float, angles: Tensor) -> tuple[Tensor, Tensor]:
        c, e = system.basis.weights(flow.spline(t) @ flow.coefficients)
        values = system.polynomials.values(torch.polar(torch.ones_like(angles), angles)[..., None, None])
        (force,) = torch.autograd.grad((values @ c).sum(), angles, create_graph=True)
        return -force, -(values @ e)

    x, log_det, h = z * 1, torch.zeros(2, dtype=DOUBLE), 1 / flow.steps
    for t in flow.times()[:-1]:
        k1, l1 = slope(t, x)
        k2, l2 = slope(t + h / 2, x + h / 2 * k1)
        k3, l3 = slope(t + h / 2, x + h / 2 * k2)
        k4, l4 = slope(t + h, x + h * k3)
        x, log_det = x + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4), log_det + h / 6 * (l1 + 2 * l2 + 2 * l3 + l4)
    expected = torch.autograd.grad((a * x).sum() + b @ log_det, (z, flow.coefficients))
    end, found_log_det = flow(z)
    assert torch.allclose(found_log_det, log_det, atol=1e-10)
    found = torch.autograd.grad((a * end).sum() + b @ found_log_det, (z, flow.coefficients))
    for one, other in zip(found, expected, strict=True):
        assert torch.allclose(one, other, atol=1e-4 * float(other.abs().max()))


@pytest.mark.parametrize("direction", ["forward", "inverse"])
def test_gradients_of_matrices_equal_differences(direction: str, generator: torch.Generator) -> None:
    flow = random_flow("su3", generator, steps=24)
    group = flow.group
    move = flow if direction == "forward" else flow.inverse
    z = lattice.hot_start("su3", (4, 4), generator).requires_grad_()
    a = torch.randn(z.shape, generator=generator, dtype=z.dtype)
    w = torch.randn(1, 2, 4, 4, 8, generator=generator, dtype=DOUBLE)
    turn = torch.randn(flow.coefficients.shape, generator=generator, dtype=DOUBLE)

    def loss(links: Tensor) -> Tensor:
        x, log_det = move(links)
        return (a.conj() * x).real.sum() + 0.5 * log_det.sum()

    links, coefficients = torch.autograd.grad(loss(z), (z, flow.coefficients))
    along_links = (links.conj() * (1j * group.algebra(w) @ z)).real.sum()
    h = 1e-4
    with torch.no_grad():
        moved = [loss(group.exp(s * h * w) @ z) for s in (1, -1)]
        assert float(along_links) == pytest.approx(float(moved[0] - moved[1]) / (2 * h), rel=1e-5)
        turned = []
        for s in (1, -2):
            flow.coefficients += s * h * turn
            turned.append(loss(z))
    expected = float(turned[0] - turned[1]) / (2 * h)
    assert float((coefficients * turn).sum()) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(("name", "casimir"), [("u1", 1.0), ("su2", 3 / 4)])
def test_at_strong_coupling_the_fit_is_the_closed_form(name: str, casimir: float, generator: torch.Generator) -> None:
    """At t = 0 the plaquette has the eigenvalue ``4 C``, so ``phi = S / 4 C`` exactly (arXiv:0907.5491, eq. (4.4))."""
    action = lattice.WilsonAction(2, 1.5)
    group = get_group(name)
    flow = ContinuousFlow(group, luescher_functions(group, 2, action.loops, 1), splines=2, degree=1, backend="torch")
    fit_along_path(flow, action, (4, 4), generator, times=2, samples=256, sweeps=4, ridge=1e-12)
    first = flow.coefficients[0].detach()
    assert float(first[0]) == pytest.approx(-1.5 / (4 * casimir), rel=1e-4)
    assert float(first[1:].abs().max()) < 1e-3


def test_a_fitted_flow_has_the_exact_partition_function(generator: torch.Generator) -> None:
    """SU(3), 4 x 4, beta = 2: Gauss-Newton lowers the variance, and the mean weight is Z."""
    action = lattice.WilsonAction(2, 2.0)
    group = get_group("su3")
    flow = ContinuousFlow(group, luescher_functions(group, 2, action.loops, 1), steps=6, splines=3)
    solution = fit_along_path(flow, action, (4, 4), generator, times=4, samples=128, sweeps=4)
    assert solution.residual < 0.01 * solution.target
    newton = GaussNewton(samples=256)
    variances = [newton.step(flow, action, (4, 4), generator)["variance"] for _ in range(2)]
    assert variances[1] < 0.8 * variances[0]
    x, log_det = transport(flow, lattice.hot_start(group, (4, 4), generator, 256), flow.times())
    log_w = log_det - action(x)
    error = float(log_w.std()) / 16
    exact = float(Exact2D("su3", (4, 4), 2.0).log_z)
    assert error < 0.01
    assert float(log_w.logsumexp(0)) - torch.tensor(256.0).log().item() == pytest.approx(exact, abs=4 * error + 1e-3)


def test_splines_are_a_partition_of_unity_and_hold_lines() -> None:
    for size, degree in ((1, 3), (2, 1), (5, 3), (6, 2), (4, 0)):
        spline = BSpline(size, degree)
        for t in (0.0, 0.2, 0.5, 0.77, 1.0):
            assert float(spline(t).sum()) == pytest.approx(1.0)
    middles = torch.tensor([0, 1 / 6, 1 / 2, 5 / 6, 1], dtype=DOUBLE)  # Greville's points of five cubic splines
    assert float(BSpline(5, 3)(0.37) @ middles) == pytest.approx(0.37)


def test_mistakes_are_named(generator: torch.Generator) -> None:
    group, loops = get_group("su2"), lattice.WilsonAction(2, 1.0).loops
    with pytest.raises(UserError, match="order >= 0"):
        luescher_functions(group, 2, loops, -1)
    with pytest.raises(UserError, match="cg2, cg3, rkmk4, rkmk8"):
        ContinuousFlow(group, luescher_functions(group, 2, loops, 0), integrator="euler")
    with pytest.raises(UserError, match="functions"):
        ContinuousFlow(group, [])
    with pytest.raises(UserError, match="backend 'triton'"):
        get_loop_polynomials(group, (4, 4), basis_for("su2", (4, 4), 0).recording, backend="triton")
