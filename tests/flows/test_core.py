"""The flow, its bases, the gradient estimators and the exact use of its samples, against closed forms."""

import math
from collections.abc import Callable

import normflows
import pytest
import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.flows import (
    LOSSES,
    Batch,
    Composition,
    FreeFieldBase,
    GaugeFlow,
    GaussianBase,
    HaarBase,
    HeatKernelBase,
    ScaledAction,
    StochasticFlow,
    Updates,
    Weights,
    annealed,
    both_directions,
    forward_ess,
    forward_log_z,
    frozen_log_prob,
    log_variance,
    path,
    reinforce,
    reverse_kl,
)
from gaugeflow.groups import get_group
from gaugeflow.lattice import SCALARS, Action, Phi4Action, WilsonAction, charge_geometric, gauge_transform, plaquette
from gaugeflow.lattice.exact import Exact2D
from gaugeflow.montecarlo import HMC, HeatBath, IndependenceMetropolis
from gaugeflow.montecarlo.errors import estimate
from gaugeflow.montecarlo.independence import metropolis_chain

SIGMA = 1.5


class Harmonic(Action):
    """Independent Gaussians of standard deviation `SIGMA`."""

    space = SCALARS

    def __call__(self, field: Tensor) -> Tensor:
        return (field**2).flatten(1).sum(1) / (2 * SIGMA**2)


class Scale(normflows.flows.Flow):
    """`x = exp(a) z`."""

    def __init__(self, a: float = 0.0, dtype: torch.dtype = torch.float64) -> None:
        super().__init__()
        self.a = torch.nn.Parameter(torch.tensor(a, dtype=dtype))

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor]:
        return z * self.a.exp(), (self.a * z[0].numel()).expand(len(z))

    def inverse(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return x / self.a.exp(), (-self.a * x[0].numel()).expand(len(x))


def scaled(a: float, shape: tuple[int, ...] = (1,)) -> GaugeFlow:
    return GaugeFlow(GaussianBase(shape), [Scale(a)], Harmonic())


def drawn(flow: GaugeFlow, count: int, generator: torch.Generator, chunk: int | None = None) -> Batch:
    return Batch(*flow.q0(count, generator), total=count, chunk=chunk or count)


def gradient(flow: GaugeFlow, loss: Callable[..., Tensor], batch: Batch) -> Tensor:
    flow.zero_grad()
    loss(flow, flow.action, batch)
    grads = [p.grad.flatten() for p in flow.parameters() if p.grad is not None]
    return torch.cat(grads)


# --- the flow and its bases


def test_a_flow_mixes_layers_and_keeps_dtype_and_device(dtype, device, generator):
    layers = [
        Scale(0.3),
        normflows.flows.AffineConstFlow((4,)),
        normflows.flows.Reverse(Scale(0.1)),
        normflows.flows.Permute(4),
    ]
    flow = GaugeFlow(GaussianBase((4,)), layers, Harmonic()).to(device, dtype)
    x, log_q = flow.sample(5, generator)
    assert x.dtype == log_q.dtype == dtype
    assert x.device.type == log_q.device.type == device.type
    torch.testing.assert_close(flow.log_prob(x), log_q)
    jacobian = torch.func.jacrev(lambda z: flow.forward_and_log_det(z[None])[0][0])(x[0])
    torch.testing.assert_close(flow.forward_and_log_det(x[:1])[1][0], torch.linalg.slogdet(jacobian).logabsdet)


def test_flows_stand_for_bases_and_layers(generator):
    inner = GaugeFlow(GaussianBase((2,), sigma=2.0), [Scale(0.5)])
    outer = GaugeFlow(inner, [Composition([Scale(-0.2)]), GaugeFlow(GaussianBase((2,)), [Scale(0.1)])])
    plain = GaugeFlow(GaussianBase((2,), sigma=2 * math.exp(0.4)), [])
    x, log_q = outer.sample(6, generator)
    torch.testing.assert_close(log_q, plain.log_prob(x))
    torch.testing.assert_close(outer.forward_kld(x), -log_q.mean())
    assert len(list(outer.parameters())) == 3


def test_a_base_of_normflows_draws_from_the_generator():
    flow = GaugeFlow(normflows.distributions.DiagGaussian(3), [])
    torch.manual_seed(1)
    before = torch.get_rng_state()
    x, _ = flow.sample(4, torch.Generator().manual_seed(2))
    again, _ = flow.sample(4, torch.Generator().manual_seed(2))
    other, _ = flow.sample(4, torch.Generator().manual_seed(3))
    assert torch.equal(x, again)
    assert not torch.equal(x, other)
    assert torch.equal(before, torch.get_rng_state())


def test_the_free_field_is_its_action(generator):
    base, action = FreeFieldBase((3, 4), 0.7), Phi4Action(0.7, 0.0)
    z, log_q = base(4000, generator)
    weight = log_q + action(z)
    torch.testing.assert_close(weight, weight[:1].expand(4000))  # log 1/Z, the same for every field
    modes = torch.fft.fft2(z, norm="ortho").abs() ** 2
    p2 = 4 * torch.sin(math.pi * torch.arange(4, dtype=torch.float64) / 4) ** 2
    expected = 0.5 / (p2 + 0.7)
    found, error = modes[:, 0].mean(0), modes[:, 0].std(0) / math.sqrt(4000)
    assert ((found - expected).abs() < 4 * error).all()


@pytest.mark.parametrize("group", ["u1", "su2", "su3"])
def test_haar_links_have_density_one(group, generator):
    base = HaarBase(get_group(group), (2, 3))
    z, log_q = base(2000, generator)
    assert torch.equal(log_q, torch.zeros(2000, dtype=torch.float64))
    assert base(3, generator)[0].shape[1:4] == (2, 2, 3)
    values = plaquette(z)
    assert abs(values.mean()) < 4 * values.std() / math.sqrt(2000)
    assert GaugeFlow(base, []).float().sample(2, generator)[0].real.dtype == torch.float32


@pytest.mark.parametrize(("shape", "time"), [((4, 3), 0.5), ((2, 2), 3.0), ((3, 5), 0.05)])
def test_the_heat_kernel_of_plaquettes(shape, time, generator):
    """Its plaquette is exp(-t/2) up to wrapping round the torus, its weights for Wilson's action give log Z."""
    base, volume = HeatKernelBase(shape, time), math.prod(shape)
    z, log_q = base(20000, generator)
    m = torch.arange(-60, 61, dtype=torch.float64)
    weights = torch.exp(-(m**2) * time * volume / 2)
    plain = (torch.exp(-time / 2 * ((m + 1) ** 2 + (volume - 1) * m**2)) / weights.sum()).sum()
    found = estimate(plaquette(z))
    assert abs(found.value - float(plain)) < 4 * found.error
    charges = charge_geometric(z)
    if time < 0.1:  # no plaquette comes near pi: the charge of the links is that of the field strength
        q = torch.arange(-20, 21, dtype=torch.float64)
        law = torch.exp(-((2 * math.pi * q) ** 2) / (2 * time * volume))
        expected = float((q**2 * law).sum() / law.sum())
        assert abs(float((charges**2).mean()) - expected) < 4 * float((charges**2).std()) / math.sqrt(20000) + 1e-9
    beta = 1 / time
    found = Weights((-WilsonAction(2, beta)(z) - log_q).numpy()).log_z()
    assert abs(found.value - float(Exact2D("u1", shape, beta).log_z)) < 4 * found.error
    turned = gauge_transform(z[:50], get_group("u1").haar((1, *shape), generator))
    torch.testing.assert_close(base.log_prob(turned), log_q[:50])
    for holonomies in (z[:, 0].sum(1), z[:, 1].sum(2)):
        assert torch.cos(holonomies).mean(0).abs().max() < 5 / math.sqrt(2 * 20000)


def test_what_a_flow_refuses(generator):
    with pytest.raises(UserError, match="without a target"):
        _ = GaugeFlow(GaussianBase((2,)), []).action
    with pytest.raises(UserError, match=r"gaugeflow\.flows\.losses"):
        scaled(0.0).reverse_kld(3)
    with pytest.raises(UserError, match="m2 > 0"):
        FreeFieldBase((4, 4), -1.0)
    with pytest.raises(UserError, match="two axes"):
        HaarBase(get_group("su2"), (4,))


# --- losses: x = exp(a) z on a Gaussian target has KL(a) = V (exp(2a) / (2 sigma^2) - a) + const


def test_each_estimator_is_its_formula_sample_by_sample(generator):
    a = 0.2
    flow = scaled(a)
    batch = drawn(flow, 7, generator)
    z2 = batch.z[:, 0] ** 2
    ratio = math.exp(2 * a) / SIGMA**2
    torch.testing.assert_close(gradient(flow, reverse_kl, batch)[0], (ratio * z2).mean() - 1)
    torch.testing.assert_close(gradient(flow, path, batch)[0], ((ratio - 1) * z2).mean())
    # d log q(x) / da at fixed x = z^2 - 1
    f = -z2 / 2 + ratio * z2 / 2
    others = (f.sum() - f) / 6
    expected = ((f - others) * (z2 - 1)).mean()
    torch.testing.assert_close(gradient(flow, reinforce, batch)[0], expected)
    torch.testing.assert_close(gradient(flow, log_variance, batch)[0], 2 * expected)


@pytest.mark.parametrize("name", LOSSES)
def test_every_estimator_has_the_gradient_as_mean(name, generator):
    a = -0.3
    flow = scaled(a, (3,))
    exact = 3 * (math.exp(2 * a) / SIGMA**2 - 1) * (2 if name == "log_variance" else 1)
    found = torch.stack([gradient(flow, LOSSES[name], drawn(flow, 50, generator))[0] for _ in range(200)])
    assert abs(found.mean() - exact) < 4 * found.std() / math.sqrt(200)


def test_the_path_gradient_has_no_variance_at_the_optimum(generator):
    flow = scaled(math.log(SIGMA), (3,))
    assert gradient(flow, path, drawn(flow, 20, generator)).abs().max() < 1e-14
    assert gradient(flow, reverse_kl, drawn(flow, 20, generator)).abs().max() > 1e-3
    assert gradient(flow, reinforce, drawn(flow, 20, generator)).abs().max() < 1e-14


@pytest.mark.parametrize("name", LOSSES)
def test_chunks_and_ranks_add_up(name, generator):
    base = normflows.distributions.DiagGaussian(2)  # has parameters of its own
    flow = GaugeFlow(base, [Scale(0.4)], Harmonic()).double()
    whole = drawn(flow, 8, generator)
    expected = gradient(flow, LOSSES[name], whole)
    chunked = Batch(whole.z, whole.log_q, 8, 3)
    torch.testing.assert_close(gradient(flow, LOSSES[name], chunked), expected)
    f = flow.action(flow.forward(whole.z)) + flow.log_prob(flow.forward(whole.z))
    halves = [Batch(whole.z[s], whole.log_q[s], 8, 8, lambda _: f.sum()) for s in (slice(4), slice(4, 8))]
    torch.testing.assert_close(sum(gradient(flow, LOSSES[name], half) for half in halves), expected)


def test_weights_of_the_batch_are_returned(generator):
    flow = scaled(0.1, (2,))
    batch = drawn(flow, 6, generator)
    x, log_det = flow.forward_and_log_det(batch.z)
    expected = flow.log_weight(x, batch.log_q - log_det).detach()
    for loss in LOSSES.values():
        torch.testing.assert_close(loss(flow, flow.action, batch), expected)


def test_a_frozen_density_leaves_the_parameters_trainable(generator):
    flow = scaled(0.1, (2,))
    frozen = scaled(0.1, (2,))
    frozen.flows[0].a.requires_grad_(False)
    x = flow.sample(3, generator)[0].detach().requires_grad_()
    frozen_log_prob(flow, x).sum().backward()
    assert flow.flows[0].a.grad is None
    assert flow.flows[0].a.requires_grad
    torch.testing.assert_close(x.grad, -x.detach() * math.exp(-0.2))
    assert not frozen.flows[0].a.requires_grad  # what was frozen stays frozen, unlike in normflows


# --- what weights say


def test_weights_against_the_closed_form(generator):
    """q = N(0, 1), p = N(0, sigma^2): log w Gaussian integrals; ESS = Z^2 / E_q[w^2]."""
    flow = scaled(0.7)  # wider than the target, else w^2 has no variance
    s2 = math.exp(1.4)
    x, log_q = flow.sample(40000, generator)
    log_w = flow.log_weight(x, log_q).detach().numpy()
    weights = Weights(log_w)
    exponent = 2 / SIGMA**2 - 1 / s2
    exact = SIGMA**2 * math.sqrt(exponent / s2)
    for found, value in (
        (weights.ess(), exact),
        (weights.log_z(), math.log(SIGMA * math.sqrt(2 * math.pi))),
        (weights.mean((x[:, 0] ** 2).detach().numpy()), SIGMA**2),
    ):
        assert abs(found.value - value) < 4 * found.error
        assert 0 < found.error < 0.05
    assert weights.collapse() == ""
    target = SIGMA * torch.randn(40000, 1, generator=generator, dtype=torch.float64)
    forward = flow.log_weight(target, flow.log_prob(target)).detach().numpy()
    assert abs(forward_ess(forward).value - exact) < 4 * forward_ess(forward).error
    assert abs(forward_log_z(forward).value - math.log(SIGMA * math.sqrt(2 * math.pi))) < 0.02


def test_a_collapse_is_said():
    log_w = torch.zeros(1000, dtype=torch.float64)
    log_w[7] = 5.0  # 13 % of the weight
    assert "one sample of 1000" in Weights(log_w.numpy()).collapse()
    log_w[7] = 12.0
    assert "worth 1.0 independent" in Weights(log_w.numpy()).collapse()
    log_w[3] = math.nan
    with pytest.raises(UserError, match="nan at sample 3"):
        Weights(log_w.numpy())


def test_a_missed_mode_shows_in_the_forward_direction_alone(generator):
    """q covers half of p: reverse ESS is 1, forward ESS is nearly 0."""

    class TwoHills(Action):
        space = SCALARS

        def __call__(self, field: Tensor) -> Tensor:
            left, right = -((field[:, 0] - 8) ** 2) / 2, -((field[:, 0] + 8) ** 2) / 2
            return -torch.logaddexp(left, right)

    flow = GaugeFlow(GaussianBase((1,)), [Shift(8.0)], TwoHills())
    x, log_q = flow.sample(2000, generator)
    assert Weights(flow.log_weight(x, log_q).numpy()).ess().value > 0.999
    signs = torch.where(torch.arange(2000) % 2 == 0, 8.0, -8.0).double()[:, None]
    target = signs + torch.randn(2000, 1, generator=generator, dtype=torch.float64)
    assert forward_ess(flow.log_weight(target, flow.log_prob(target)).numpy()).value < 0.01


class Shift(Scale):
    """`x = z + a`."""

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor]:
        return z + self.a.detach(), torch.zeros(len(z), dtype=z.dtype)

    def inverse(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return x - self.a.detach(), torch.zeros(len(x), dtype=x.dtype)


# --- exactness


def test_independence_metropolis_samples_the_target(generator):
    flow, action = GaugeFlow(HaarBase(get_group("u1"), (2, 2)), [], WilsonAction(2, 1.0)), WilsonAction(2, 1.0)
    sampler = IndependenceMetropolis(flow, action)
    links, _ = flow.sample(400, generator)
    history, accepted = [], []
    for step in range(150):
        links, info = sampler.update(links, generator)
        torch.testing.assert_close(info["log_weight"], -action(links))
        if step >= 30:
            history.append(plaquette(links))
            accepted.append(info["acceptance"])
    found = estimate(torch.stack(history, 1))
    assert abs(found.value - float(Exact2D("u1", (2, 2), 1.0).plaquette)) < 4 * found.error
    assert 0.3 < torch.stack(accepted).mean() < 0.8


def test_a_restored_chain_goes_on_bit_for_bit(generator):
    flow = scaled(0.1, (4,))
    first, second = (IndependenceMetropolis(flow, flow.action) for _ in range(2))
    field = flow.sample(3, generator)[0].detach()
    for _ in range(3):
        field, _ = first.update(field, generator)
    second.load_state_dict(first.state_dict())
    state = generator.get_state()
    expected = first.update(field, generator)[0]
    generator.set_state(state)
    assert torch.equal(second.update(field.clone(), generator)[0], expected)


def test_a_chain_refuses_a_field_where_it_would_stand_still(generator):
    flow = scaled(0.1, (4,))
    sampler, field = IndependenceMetropolis(flow, flow.action), flow.sample(3, generator)[0].detach()
    for log_q in (math.nan, -math.inf):
        flow.log_prob = lambda x, log_q=log_q: torch.full((len(x),), log_q)
        with pytest.raises(UserError, match="got NaN or infinity"):
            sampler.update(field, generator)


def test_a_chain_over_known_weights_has_the_target_as_its_law(generator):
    """Three states with weights 1, 2, 5: the chain visits them so often."""
    proposals = torch.randint(0, 3, (50, 2000), generator=generator)
    log_w = torch.tensor([1.0, 2.0, 5.0], dtype=torch.float64).log()[proposals]
    indices = metropolis_chain(log_w, torch.rand(50, 2000, generator=generator, dtype=torch.float64))
    visited = proposals.gather(1, indices)
    for state, weight in enumerate((1, 2, 5)):
        found = estimate((visited == state).double())
        assert abs(found.value - weight / 8) < 4 * found.error
    assert (indices.diff(dim=1) >= 0).all()


@pytest.mark.parametrize(
    "make", [lambda a: HeatBath(a), lambda a: HMC(a, length=0.5, step_size=0.25)], ids=["heatbath", "hmc"]
)
def test_jarzynski_finds_log_z(make, generator):
    """From Haar links through a ladder of couplings: the mean of exp(-work) is Z, and the weights are exact."""
    base, beta = HaarBase(get_group("su2"), (4, 4)), 2.0
    ladder = [WilsonAction(2, beta * k / 8) for k in range(1, 8)]
    flow = annealed(base, [Updates(make(action), action) for action in ladder], WilsonAction(2, beta))
    links, log_w = flow.sample(3000, generator)
    exact, weights = Exact2D("su2", (4, 4), beta), Weights(log_w.numpy())
    for found, value in (
        (weights.log_z(), float(exact.log_z)),
        (weights.mean(plaquette(links).numpy()), float(exact.plaquette)),
    ):
        assert abs(found.value - value) < 4 * found.error
    assert weights.ess().value > 3 * Weights(-WilsonAction(2, beta)(base(3000, generator)[0]).numpy()).ess().value


def test_layers_and_updates_in_turn_are_exact(generator):
    flow = scaled(0.2, (2,))
    half = ScaledAction(Harmonic(), 0.8)
    half.assert_force(torch.randn(2, 3, generator=generator, dtype=torch.float64), generator)
    updates = Updates(HMC(half, length=1.0, step_size=0.5), half, 2)
    with pytest.raises(UserError, match="0 to 1 layers"):
        StochasticFlow(flow, {2: updates})
    x, log_w = StochasticFlow(flow, {0: updates, 1: [updates, updates]}).sample(4000, generator)
    weights = Weights(log_w.numpy())
    assert abs(weights.log_z().value - 2 * math.log(SIGMA * math.sqrt(2 * math.pi))) < 4 * weights.log_z().error
    found = weights.mean((x[:, 0] ** 2).numpy())
    assert abs(found.value - SIGMA**2) < 4 * found.error


def test_the_direction_that_has_met_the_tail_says_how_large_both_errors_are():
    assert both_directions(0.01, 400, 0.01, 100) == (0.01, 0.02)
    assert both_directions(0.001, 400, 0.01, 100) == (0.005, 0.01)
    assert both_directions(0.005, 400, 0.01, 100) == (0.005, 0.01), "it changes nothing twice"
