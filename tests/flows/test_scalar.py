"""Flows of scalar fields: kernels, velocities, the integrator and its adjoint, the least-squares fit, couplings."""

import math
from itertools import pairwise

import pytest
import torch

from gaugeflow.errors import UserError
from gaugeflow.flows.bases.base import FreeFieldBase
from gaugeflow.flows.coupling.periodic_network import PeriodicNetwork
from gaugeflow.flows.flow import GaugeFlow
from gaugeflow.flows.galerkin import NormalEquations
from gaugeflow.flows.natural import natural_gradient, scores
from gaugeflow.flows.scalar.continuous import ScalarContinuousFlow, integrate
from gaugeflow.flows.scalar.coupling import ScalarCoupling
from gaugeflow.flows.scalar.fit import Bridge, fit_scalar_flow
from gaugeflow.flows.scalar.kernels import OrbitKernels, displacement_orbits
from gaugeflow.flows.scalar.transform import ScalarAffine, ScalarSpline
from gaugeflow.flows.scalar.velocity import ScalarVelocity
from gaugeflow.flows.statistics import Weights
from gaugeflow.lattice import Phi4Action

SHAPES = [(5,), (4, 3), (2, 3, 4)]


def normal(generator, *size, dtype=torch.float64):
    return torch.randn(size, generator=generator, dtype=dtype, device=generator.device)


def continuous(shape, generator, steps=8, scale=0.05, knots=3):
    flow = ScalarContinuousFlow(shape, [2.0], 1, knots, steps).to(generator.device)
    flow.weights.data = scale * normal(generator, *flow.weights.shape)
    return flow


def coupling(shape, generator, transform, parity=0, odd=True):
    network = PeriodicNetwork(len(shape), 1, [4], 3, generator)
    layer = ScalarCoupling(shape, parity, network, transform, odd).to(generator.device)
    for weight in layer.transform.parameters():
        weight.data = 0.5 * normal(generator, *weight.shape)
    return layer


def transforms(generator):
    return ScalarAffine(4, generator), ScalarSpline(4, 5, 2.0, generator)


def jacobian(f, x):
    size = x.numel()
    return torch.autograd.functional.jacobian(f, x).reshape(size, size)


@pytest.mark.parametrize(("ndim", "radius", "sizes"), [(1, 2, [1, 2, 2]), (2, 1, [1, 4, 4]), (3, 1, [1, 6, 12, 8])])
def test_orbits_of_displacements(ndim, radius, sizes):
    assert [len(orbit) for orbit in displacement_orbits(ndim, radius)] == sizes


@pytest.mark.parametrize("shape", SHAPES)
def test_kernels_add_the_shifted_field(shape, generator):
    """Also where a displacement winds around an extent of two or three."""
    kernels, h = OrbitKernels(shape, 2).to(generator.device), normal(generator, 2, 3, *shape)
    axes = tuple(range(2, h.ndim))
    expected = torch.stack(
        [sum(h.roll(tuple(-c for c in d), axes) for d in orbit) for orbit in displacement_orbits(len(shape), 2)], 2
    )
    torch.testing.assert_close(kernels.each(h), expected)
    weights = normal(generator, 4, 3, len(kernels))
    torch.testing.assert_close(kernels.mix(h, weights), torch.einsum("gfo,bfo...->bg...", weights, expected))


@pytest.mark.parametrize("shape", SHAPES)
def test_divergence_is_the_trace_of_the_jacobian(shape, generator):
    velocity = ScalarVelocity(shape, [1.5, 3.0], 2).to(generator.device)
    weights, phi = normal(generator, *velocity.weight_shape), normal(generator, 1, *shape)
    trace = jacobian(lambda x: velocity(x, weights)[0], phi).trace()
    torch.testing.assert_close(velocity(phi, weights)[1][0], trace)


@pytest.mark.parametrize("shape", SHAPES)
def test_features_of_the_fit_are_those_of_the_velocity(shape, generator):
    velocity = ScalarVelocity(shape, [1.5], 1).to(generator.device)
    weights, phi = normal(generator, *velocity.weight_shape), normal(generator, 3, *shape)
    force = normal(generator, 3, *shape)
    v, divergence = velocity(phi, weights)
    expected = divergence - (v * force).flatten(1).sum(1)
    torch.testing.assert_close(velocity.continuity(phi, force) @ weights.flatten(), expected)


def test_error_of_the_integrator_is_of_fourth_order(generator):
    """Of the log-determinant against the Jacobian of the discrete map, and of the round trip."""
    z, errors = normal(generator, 1, 3, 3), []
    flow = continuous((3, 3), generator, scale=0.1)
    for steps in (4, 8, 16):
        finer = continuous((3, 3), generator, steps)
        finer.load_state_dict(flow.state_dict())
        x, log_det = finer(z)
        exact = torch.linalg.slogdet(jacobian(lambda z, f=finer: f(z)[0], z)).logabsdet
        again, back = finer.inverse(x)
        found = (log_det - exact).abs(), (again - z).abs().max(), (log_det + back).abs()
        errors.append([e.item() for e in found])
    for coarse, fine in pairwise(errors):
        assert all(e > 1e-10 for e in coarse)
        assert all(8 < a / b < 80 for a, b in zip(coarse, fine, strict=True)), errors


@pytest.mark.parametrize("shape", [(4,), (3, 2), (2, 2, 2)])
def test_adjoint_is_the_gradient_of_plain_autograd(shape, generator):
    flow, z = continuous(shape, generator, steps=32), normal(generator, 2, *shape).requires_grad_()
    to_field = normal(generator, 2, *shape)

    def gradients(x, log_det):
        return torch.autograd.grad((x * to_field).sum() + (log_det**2).sum(), (z, flow.weights))

    plain = gradients(*integrate(flow.velocity, z, flow.table(flow.times())))
    torch.testing.assert_close(gradients(*flow(z)), plain, rtol=1e-5, atol=1e-7)


def test_adjoint_holds_one_step_in_memory(generator):
    """What autograd keeps between forward and backward does not grow with the steps."""
    z, kept = normal(generator, 2, 4, 4), []
    for steps in (4, 16):
        flow, sizes = continuous((4, 4), generator, steps), []
        with torch.autograd.graph.saved_tensors_hooks(lambda t, s=sizes: s.append(t) or t, lambda t: t):
            flow(z)
        kept.append(sum(t.numel() for t in sizes if t.shape == z.shape))
    assert kept == [z.numel(), z.numel()]


def test_free_field_is_carried_into_a_free_field(generator):
    """A linear flow does it exactly: no variance is left, and log Z is that of the Gaussian integral."""
    shape, start, target = (4, 4), Phi4Action(2.0, 0.0), Phi4Action(1.0, 0.0)
    base = FreeFieldBase(shape, 2.0).to(generator.device)
    layer, rows = ScalarContinuousFlow(shape, [], 2, 5, 8).to(generator.device), []
    fit_scalar_flow(layer, start, target, base.draw(500, generator), generator, ridge=1e-12, log=rows.append)
    assert all(row["residual"] <= 1e-12 * row["target"] for row in rows[1:])
    flow = GaugeFlow(base, [layer], target)
    with torch.no_grad():
        log_w = flow.log_weight(*flow.sample(200, generator))
    modes = base.deviation.double() ** -2 / 2 - 1.0  # p^2 + m2 of the target
    torch.testing.assert_close(log_w, (math.log(math.pi) - modes.log()).sum().div(2).expand(200), rtol=0, atol=2e-3)


@pytest.fixture(scope="module")
def fitted():
    """The theory of arXiv:2101.08176 on 8 x 8, fitted in about a second; and samples of its target."""
    generator = torch.Generator().manual_seed(3)
    layer, base = ScalarContinuousFlow((8, 8), [2.0, 4.0], 2, 6, 6), FreeFieldBase((8, 8), 0.66)
    target = Phi4Action(-4.0, 8.0)
    fields = fit_scalar_flow(layer, Phi4Action(0.66, 0.0), target, base.draw(1000, generator), generator)
    return GaugeFlow(base, [layer], target), fields, generator


@torch.no_grad()
def test_fitted_flow_samples_the_interacting_theory(fitted):
    flow, fields, generator = fitted
    x, log_q = flow.sample(2000, generator)
    weights = Weights(flow.log_weight(x, log_q).numpy())
    assert weights.ess().value > 0.97
    forward = flow.log_weight(fields, flow.log_prob(fields))
    assert float(forward.var()) < 0.03
    chi = weights.mean((x.flatten(1).sum(1) ** 2 / 64).numpy())
    assert abs(chi.value - 0.75) < 0.01 + 3 * chi.error  # 0.75(1) in arXiv:2101.08176


@torch.no_grad()
def test_weights_serve_another_volume(fitted):
    flow, _, generator = fitted
    layer = ScalarContinuousFlow((10, 12), [2.0, 4.0], 2, 6, 6)
    layer.load_state_dict(flow.flows[0].state_dict())
    larger = GaugeFlow(FreeFieldBase((10, 12), 0.66), [layer], flow.action)
    assert Weights(larger.log_weight(*larger.sample(500, generator)).numpy()).ess().value > 0.94


def test_bridge_between_actions(generator):
    phi = normal(generator, 2, 4, 4)
    Bridge(Phi4Action(1.0, 0.0), Phi4Action(-1.0, 2.0), 0.3).assert_force(phi, generator)


def test_normal_equations_find_the_weights_of_a_linear_law(generator):
    """Batches of unequal size and weight, a constant offset, and a feature that does not vary."""
    features = 2 + normal(generator, 60, 4)
    features[:, 3] = 5.0
    target = features @ torch.tensor([1.0, -2.0, 3.0, 9.0], dtype=torch.float64, device=features.device) + 7
    equations, counts = NormalEquations(4, features.device), torch.rand(60, device=features.device)
    for part in (slice(0, 10), slice(10, 60)):
        equations.add(features[part], target[part], counts[part])
    solution = equations.solve(1e-12)
    assert solution.coefficients.tolist() == pytest.approx([1.0, -2.0, 3.0, 0.0], abs=1e-9)
    assert solution.residual < 1e-9 < solution.target


def test_scores_are_the_gradients_of_each_sample(generator):
    layers = [continuous((4, 2), generator), coupling((4, 2), generator, transforms(generator)[0])]
    flow, x = GaugeFlow(FreeFieldBase((4, 2), 1.0).to(generator.device), layers), normal(generator, 3, 4, 2)
    found = scores(flow, x)
    for row, one in zip(found, x, strict=True):
        plain = torch.autograd.grad(flow.log_prob(one[None]).sum(), [*flow.parameters()])
        torch.testing.assert_close(row, torch.cat([g.flatten() for g in plain]), rtol=1e-3, atol=1e-4)


def test_natural_gradient_finds_the_flow_of_a_free_field(generator):
    """From no flow at all: what is left after a few steps is a thousandth of the variance of log w."""
    layer, rows = ScalarContinuousFlow((4, 4), [], 2, 2, 4).to(generator.device), []
    flow = GaugeFlow(FreeFieldBase((4, 4), 2.0).to(generator.device), [layer], Phi4Action(1.0, 0.0))
    natural_gradient(flow, generator, steps=4, samples=300, ridge=1e-3, log=rows.append)
    assert rows[-1]["residual"] < 1e-3 * rows[0]["target"]
    assert all(row["residual"] <= row["target"] for row in rows)


@pytest.mark.parametrize("shape", [(6,), (4, 2), (2, 4, 2)])
@pytest.mark.parametrize("kind", [0, 1])
def test_couplings_move_one_parity_and_are_odd(shape, kind, generator):
    layer, phi = coupling(shape, generator, transforms(generator)[kind], parity=1), 2 * normal(generator, 3, *shape)
    x, log_det = layer(phi)
    parity = sum(torch.meshgrid(*(torch.arange(n) for n in shape), indexing="ij")).to(x.device) % 2
    assert torch.equal(x[:, parity == 0], phi[:, parity == 0])
    assert bool((x != phi)[:, parity == 1].any())
    mirrored, same = layer(-phi)
    torch.testing.assert_close(mirrored, -x)
    torch.testing.assert_close(same, log_det)
    exact = [torch.linalg.slogdet(jacobian(lambda z: layer(z)[0], phi[b : b + 1])).logabsdet for b in range(3)]
    torch.testing.assert_close(log_det, torch.stack(exact))
    again, back = layer.inverse(x)
    torch.testing.assert_close(again, phi)
    torch.testing.assert_close(back, -log_det)


def test_couplings_without_the_symmetry_need_not_be_odd(generator):
    layer, phi = coupling((4, 4), generator, transforms(generator)[1], odd=False), normal(generator, 2, 4, 4)
    assert not torch.allclose(layer(-phi)[0], -layer(phi)[0])


def test_couplings_commute_with_translations_that_keep_the_parity(generator):
    layer, phi = coupling((4, 6), generator, transforms(generator)[0]), normal(generator, 2, 4, 6)
    torch.testing.assert_close(layer(phi.roll((1, 1), (1, 2)))[0], layer(phi)[0].roll((1, 1), (1, 2)))


def test_spline_is_the_identity_in_its_tails(generator):
    layer = coupling((4, 4), generator, transforms(generator)[1])
    phi = torch.full((1, 4, 4), 2.5, dtype=torch.float64, device=generator.device)
    x, log_det = layer(phi)
    assert torch.equal(x, phi)
    assert log_det.tolist() == [0.0]


def test_single_precision_stays_single(generator):
    for layer in (continuous((4, 2), generator), coupling((4, 2), generator, transforms(generator)[1])):
        x, log_det = layer.to(torch.float32)(normal(generator, 2, 4, 2, dtype=torch.float32))
        assert x.dtype == log_det.dtype == torch.float32


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda g: coupling((4, 3), g, ScalarAffine(4, g)), "even extents, got \\(4, 3\\)"),
        (lambda g: coupling((4, 4), g, ScalarAffine(4, g), parity=2), "parity 0 or 1, got 2"),
        (lambda g: coupling((4, 4), g, ScalarAffine(4, g))(normal(g, 2, 4, 6)), "got \\(2, 4, 6\\)"),
        (lambda g: ScalarSpline(4, 1, 2.0, g), "two bins or more"),
        (lambda g: continuous((4, 4), g)(normal(g, 2, 4, 5)), "got \\(2, 4, 5\\)"),
        (lambda g: continuous((4, 4), g, knots=1), "knots >= 2"),
        (lambda g: ScalarVelocity((4,), [0.0], 1), "frequencies > 0"),
        (lambda g: OrbitKernels((4, 0), 1), "extents >= 1"),
        (lambda g: NormalEquations(2).add(normal(g, 3, 3).cpu(), normal(g, 3).cpu()), "expected features \\(3, 2\\)"),
        (lambda g: NormalEquations(1).add(torch.full((2, 1), math.nan), torch.ones(2)), "expected finite features"),
        (lambda g: NormalEquations(1).solve(), "expected samples"),
    ],
)
def test_what_cannot_be_served_is_said(make, expected, generator):
    with pytest.raises(UserError, match=expected):
        make(generator)
