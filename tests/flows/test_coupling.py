"""Masks, loop bijections and the flows made of them; that layers are equivariant bijections stands in the registry."""

import math

import normflows
import pytest
import torch
from normflows.flows import Flow

from gaugeflow import flows
from gaugeflow.errors import UserError
from gaugeflow.flows.coupling.frozen import lines_at, midpoint, staples_at
from gaugeflow.groups import get_group
from gaugeflow.kernels import path_products
from gaugeflow.lattice import WilsonAction, cold_start, hot_start
from gaugeflow.nn import LCNN, GaugeTheory
from gaugeflow.symmetry import Links, Scalars, check
from gaugeflow.symmetry.actions.groups import group_named
from gaugeflow.tasks.flow.models import Setting
from gaugeflow.tasks.flow.models.coupling import CouplingFlow, ResidualFlow
from tests.registry.coupling_flows import coupling, residual, with_random_weights

MASKS = {
    "2D": (flows.parity_masks(2), (2, 4)),
    "3D": (flows.parity_masks(3), (2, 4, 2)),
    "4D": (flows.parity_masks(4), (2, 2, 2, 2)),
    "blocks": (flows.block_masks((4, 4)), (4, 8)),
    "block that winds": (flows.block_masks((4, 2)), (4, 2)),
}


@pytest.mark.parametrize("name", MASKS)
def test_frozen_loops_hold_no_active_link(name, generator):
    masks, shape = MASKS[name]
    u, group = hot_start("u1", shape, generator), get_group("u1")
    for mask in masks:
        noise = torch.where(mask.active(shape), torch.randn(u.shape, generator=generator, dtype=u.dtype), 0)
        before, after = (staples_at(links, mask, group, mask.surroundings()) for links in (u, u + noise))
        assert torch.equal(before, after)
        features = flows.LoopFeatures(group, mask)
        assert torch.equal(features(u), features(u + noise))


@pytest.mark.parametrize("name", MASKS)
def test_lines_from_active_sites_are_those_of_the_kernels(name, generator):
    masks, shape = MASKS[name]
    u, group = hot_start("su2", shape, generator), get_group("su2")
    for mask in masks:
        step = mask.axis + 1
        loop = lines_at(u, mask, group, (step, *mask.staples[1]))
        torch.testing.assert_close(loop, mask.select(path_products(u, [(step, *mask.staples[1])])[0]))
        staple = staples_at(u, mask, group, mask.staples)[1]
        torch.testing.assert_close(loop, mask.select(u[:, mask.axis]) @ staple)


@pytest.mark.parametrize("ndim", [2, 3, 4])
def test_a_cycle_of_parity_masks_reaches_every_link_once_per_plane(ndim):
    shape = (4,) * ndim
    masks = flows.parity_masks(ndim)
    assert torch.equal(sum(mask.active(shape).int() for mask in masks[: 2 * ndim]), torch.ones(ndim, *shape).int())
    assert torch.equal(sum(mask.active(shape).int() for mask in masks), torch.full((ndim, *shape), ndim - 1).int())


def test_block_masks_split_a_block_into_plaquettes():
    """One link for each plaquette of a block but one: what is left is the flux of the block and gauge freedom."""
    shape = (8, 4)
    changed = sum(mask.active(shape).int() for mask in flows.block_masks((8, 4)))
    assert int(changed.sum()) == 31
    assert int(changed.max()) == 1


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: flows.parity_masks(1), "D >= 2"),
        (lambda: flows.block_masks((3, 4)), "powers of two"),
        (lambda: flows.block_masks((1, 1)), "powers of two"),
        (lambda: flows.block_masks((2, 2, 2)), "powers of two"),
        (lambda: flows.parity_masks(2)[0].check((4, 5)), r"multiple of 2 along axis 1, got 5 on the lattice \(4, 5\)"),
        (lambda: flows.block_masks((4, 4))[0].check((8, 6)), "multiple of 4 along axis 1, got 6"),
        (lambda: flows.parity_masks(2)[0].check((4, 4, 4)), "2 axes"),
        (lambda: coupling("su3", flows.parity_masks(2)[0])(cold_start("su2", (4, 4))), "expected su3 links"),
        (lambda: coupling("u1", flows.parity_masks(2)[0])(cold_start("u1", (4, 4)) * math.nan), "NaN"),
        (lambda: residual("u1", flows.parity_masks(2)[0]).inverse(cold_start("u1", (4, 3))), "multiple of 2"),
        (lambda: flows.Context(get_group("u1"), flows.parity_masks(2)[0], [4], 2, torch.Generator()), "odd kernel"),
        (lambda: residual_with_bound(1.0), "bound between 0 and 1"),
    ],
)
def test_what_a_layer_does_not_serve_is_said(make, message):
    with pytest.raises(UserError, match=message):
        make()


def residual_with_bound(bound):
    mask, generator = flows.parity_masks(2)[0], torch.Generator()
    context = flows.Context(get_group("u1"), mask, [4], 1, generator)
    return flows.ResidualStout(get_group("u1"), mask, context, generator, bound)


@pytest.mark.parametrize("name", ["u1", "su2", "su3", "su4"])
def test_the_midpoint_is_half_way_from_both_ends(name, generator):
    group = get_group(name)
    a, b = group.haar((2, 20), generator)
    middle = midpoint(group, a, b)
    from_a, to_b = (group.log(group.mul(group.dagger(x), y)) for x, y in ((a, middle), (middle, b)))
    torch.testing.assert_close(from_a, to_b)


def spectral(n, generator, size=0.5):
    return with_random_weights(flows.SpectralSpline(get_group(f"su{n}"), 3, 5, generator), size)


def degenerate(n):
    """The unit, a centre element, and a matrix with two equal eigenvalues, in some basis."""
    v = get_group(f"su{n}").haar((), torch.Generator().manual_seed(1))
    angles = torch.zeros(3, n, dtype=torch.float64)
    angles[1] = 2 * math.pi / n
    angles[2] = 0.3 if n > 2 else math.pi
    angles[2, -1] -= angles[2].sum()
    return (v * torch.exp(1j * angles)[:, None, :]) @ v.mH


@pytest.mark.parametrize("n", [2, 3, 4])
def test_spectral_splines_invert_to_rounding_also_where_eigenvalues_coincide(n, generator):
    loop = torch.cat((get_group(f"su{n}").haar((50,), generator), degenerate(n))).requires_grad_()
    transform, context = spectral(n, generator), torch.randn(53, 3, generator=generator, dtype=torch.float64)
    new, log_det = transform(loop, [context], torch.ones(53), inverse=False)
    back, log_back = transform(new, [context], torch.ones(53), inverse=True)
    assert float((back - loop).abs().max().detach()) < 1e-10
    torch.testing.assert_close(log_det[:50], -log_back[:50], rtol=0, atol=1e-9)
    assert float(get_group(f"su{n}").violation(new).max().detach()) < 1e-13
    for x in (new.real.sum() + new.imag.sum(), log_det.sum()):
        (gradient,) = torch.autograd.grad(x, loop, retain_graph=True)
        assert bool(torch.view_as_real(gradient).isfinite().all())


@pytest.mark.parametrize("n", [2, 3, 4])
@pytest.mark.parametrize("which", range(3))
def test_derivatives_at_equal_eigenvalues_keep_the_part_that_turns_eigenvectors(n, which, generator):
    """The untrained map is the identity, and so is its derivative."""
    loop = degenerate(n)[which].requires_grad_()
    transform = flows.SpectralSpline(get_group(f"su{n}"), 3, 5, generator)
    probe = torch.randn(n, n, generator=generator, dtype=torch.complex128)
    new, _ = transform(loop, [torch.zeros(3, dtype=torch.float64)], torch.ones(()), inverse=False)
    gradients = [torch.autograd.grad((probe * x).sum().real, loop)[0] for x in (new, 1 * loop)]
    tangents = [get_group(f"su{n}").coefficients((loop @ g.mH - g @ loop.mH) / 2j) for g in gradients]
    torch.testing.assert_close(*tangents, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("which", range(2))
def test_derivatives_at_the_centre_of_su2_are_those_of_the_neighbourhood(which, generator):
    loop, group = degenerate(2)[which], get_group("su2")
    transform, context = spectral(2, generator), torch.randn(3, generator=generator, dtype=torch.float64)
    direction = torch.randn(3, generator=generator, dtype=torch.float64)
    probe = torch.randn(2, 2, generator=generator, dtype=torch.complex128)

    def f(t):
        moved = group.exp(t * direction) @ loop
        return (probe * transform(moved, [context], torch.ones(()), inverse=False)[0]).sum().real

    t, h = torch.zeros((), dtype=torch.float64, requires_grad=True), 1e-5
    (slope,) = torch.autograd.grad(f(t), t)
    with torch.no_grad():
        torch.testing.assert_close(slope, (f(t + h) - f(t - h)) / (2 * h), rtol=1e-3, atol=1e-4)


def test_the_spectral_jacobian_of_su4_is_that_of_autograd(generator):
    group = get_group("su4")
    loop, transform = group.haar((), generator), spectral(4, generator)
    context = torch.randn(3, generator=generator, dtype=torch.float64)

    def coordinates(w):
        new, _ = transform(group.exp(w) @ loop, [context], torch.ones(()), inverse=False)
        return group.coefficients(((new @ here.mH) - (new @ here.mH).mH) / 2j)

    here, log_det = transform(loop, [context], torch.ones(()), inverse=False)
    jacobian = torch.autograd.functional.jacobian(coordinates, torch.zeros(15, dtype=torch.float64))
    torch.testing.assert_close(log_det, torch.linalg.slogdet(jacobian).logabsdet)


@pytest.mark.parametrize("kind", [flows.CircularSpline, flows.NoncompactMixture])
def test_the_link_moves_continuously_where_the_midpoint_jumps(kind, generator):
    """At coherence 0 the loop is known up to a half turn only, and so is its image."""
    transform = with_random_weights(kind(3, 4, generator), 1.0)
    angle = 2 * math.pi * torch.rand(50, generator=generator, dtype=torch.float64)
    context = torch.randn(50, 3, generator=generator, dtype=torch.float64)
    new, log_det = transform(angle, [context], torch.zeros(50), inverse=False)
    turned, log_turned = transform(angle + math.pi, [context], torch.zeros(50), inverse=False)
    torch.testing.assert_close(torch.cos(turned - new), -torch.ones(50, dtype=torch.float64))
    torch.testing.assert_close(log_det, log_turned)


def test_the_mixture_inverts_where_it_is_steepest(generator):
    transform = with_random_weights(flows.NoncompactMixture(2, 3, generator), 5.0)
    angle = math.pi * (1 - 2 * torch.rand(2000, generator=generator, dtype=torch.float64))
    context = torch.randn(2000, 2, generator=generator, dtype=torch.float64)
    with torch.no_grad():
        new, log_det = transform(angle, [context], torch.ones(2000), inverse=False)
        back, log_back = transform(new, [context], torch.ones(2000), inverse=True)
    slope = log_det.exp()
    assert float(slope.max()) > 20
    assert bool(((back - angle).abs() < 1e-12 * (1 + 1 / slope)).all())
    torch.testing.assert_close(log_det, -log_back, rtol=0, atol=1e-9)


@pytest.mark.parametrize("name", ["u1", "su3"])
def test_a_residual_layer_at_its_bound_is_inverted(name, generator):
    layer = with_random_weights(residual(name, flows.parity_masks(2)[0]), 200.0)
    u = hot_start(name, (2, 4), generator, 20)
    x, log_det = layer(u)
    z, log_back = layer.inverse(x)
    distance = get_group(name).log(get_group(name).mul(z, get_group(name).dagger(u))).abs().max()
    assert float(distance.detach()) < 1e-12
    torch.testing.assert_close(log_det, -log_back)


MODELS = {
    "u1, blocks": ("u1", CouplingFlow(name="coupling", mask="blocks", block=[2, 2], layers=2, transform="mixture")),
    "u1, parity": ("u1", CouplingFlow(name="coupling", layers=4, hidden=[8], kernel=1, charge=True)),
    "su2": ("su2", CouplingFlow(name="coupling", layers=2, hidden=[8], kernel=1)),
    "su3, residual": ("su3", ResidualFlow(name="residual", layers=2, hidden=[8], kernel=1)),
}


def train(flow, steps, batch, rate, generator):
    """Steps of Adam on path gradients; the mean of log q + S before and after."""
    optimizer, losses = torch.optim.Adam(flow.parameters(), lr=rate), []
    for _ in range(steps):
        optimizer.zero_grad()
        z, log_q = flow.q0(batch, generator)
        log_w = flows.path(flow, flow.action, flows.Batch(z, log_q, batch, batch))
        optimizer.step()
        losses.append(-log_w.mean())
    return losses[0], torch.stack(losses[-3:]).mean()


@pytest.mark.parametrize("name", MODELS)
def test_training_brings_a_model_nearer_to_the_target(name, generator):
    group, section = MODELS[name]
    on_cpu = torch.float64, torch.device("cpu"), generator
    flow = section.build(Setting(WilsonAction(2, 2.0), get_group(group), (4, 4), *on_cpu))
    x, log_q = flow.sample(2, generator)
    torch.testing.assert_close(log_q, torch.zeros(2, dtype=torch.float64), rtol=0, atol=1.5)  # near the identity
    first, last = train(flow, 12, 16, 0.04, generator)
    assert float(last) < float(first) - 0.7
    x, log_q = flow.sample(4, generator)
    torch.testing.assert_close(flow.log_prob(x), log_q)


def test_models_refuse_what_they_do_not_serve():
    other = (torch.float64, torch.device("cpu"), torch.Generator())
    for section, group, shape, message in (
        (CouplingFlow(name="coupling", layers=1), "u1", (4, 3), "multiple of 2"),
        (CouplingFlow(name="coupling", layers=1, mask="blocks"), "su2", (4, 6), "multiple of 4"),
        (CouplingFlow(name="coupling", layers=1, transform="mixture"), "su2", (4, 4), "mixture is for u1"),
        (CouplingFlow(name="coupling", layers=1, charge=True), "su4", (4, 4), "charge is for"),
    ):
        with pytest.raises(UserError, match=message):
            section.build(Setting(WilsonAction(2, 1.0), get_group(group), shape, *other))
    with pytest.raises(UserError, match="scalar fields"):
        ResidualFlow(name="residual", layers=1).build(Setting(WilsonAction(2, 1.0), None, (4, 4), *other))


def test_a_flow_with_an_lcnn_as_conditioner_trains_and_stays_equivariant(generator):
    group, theory = get_group("su3"), GaugeTheory("su3", 2)
    layers = []
    for mask in flows.parity_masks(2)[:2]:
        network = LCNN.of(theory, 4, generator=generator, channels=(2,), hidden=())
        context = flows.Context(group, mask, [6], 1, generator, (network, 4))
        layers.append(flows.Coupling(group, mask, context, flows.SpectralSpline(group, 6, 4, generator)))
    flow = flows.GaugeFlow(flows.HaarBase(group, (4, 4)), layers, WilsonAction(2, 4.0))
    weights = [p.detach().clone() for p in network.parameters()]
    first, last = train(flow, 12, 24, 0.03, generator)
    assert float(last) < float(first) - 1.5
    assert any(not torch.equal(a, b) for a, b in zip(weights, network.parameters(), strict=True))
    x = Links(hot_start(group, (4, 4), generator))
    report = check(flow.log_prob, x, group_named("gauge"), out=Scalars, trials=8)
    assert report.exit_code == 0, str(report)


class OnFlatAngles(Flow):
    """A layer of normflows, which takes `(batch, coordinates)`, on the angles of all links."""

    def __init__(self, flow):
        super().__init__()
        self.flow = flow

    def forward(self, z):
        x, log_det = self.flow(z.flatten(1))
        return x.reshape(z.shape), log_det

    def inverse(self, x):
        z, log_det = self.flow.inverse(x.flatten(1))
        return z.reshape(x.shape), log_det


def test_layers_of_normflows_mix_in_double_precision_under_a_single_precision_default(generator):
    assert torch.get_default_dtype() is torch.float32
    ours = [coupling("u1", mask) for mask in flows.parity_masks(2)[:2]]
    with torch.random.fork_rng():
        torch.manual_seed(1)
        size = 2 * 4 * 4
        spline = normflows.flows.CircularCoupledRationalQuadraticSpline(
            size, 1, 8, ind_circ=range(size), tail_bound=math.pi, init_identity=False
        )
    flow = flows.GaugeFlow(
        flows.HaarBase(get_group("u1"), (4, 4)), [ours[0], OnFlatAngles(spline.double()), ours[1]], WilsonAction(2, 1.0)
    )
    x, log_q = flow.sample(3, generator)
    assert x.dtype is log_q.dtype is torch.float64
    torch.testing.assert_close(flow.log_prob(x), log_q, rtol=0, atol=1e-8)
    assert float(log_q.detach().abs().max()) > 0.1
