"""Smearing and gradient flow: covariance, closed forms, order of the integrator, scales."""

import math

import pytest
import torch

from gaugeflow.errors import UserError
from gaugeflow.groups import get_group
from gaugeflow.lattice import (
    FlowHistory,
    WilsonAction,
    ape_smear,
    cold_start,
    energy_clover,
    energy_plaquette,
    flow_scale,
    gauge_transform,
    gradient_flow,
    hot_start,
    plaquette,
    staple_sum,
    stout_smear,
    unitarity_violation,
    wilson_lines,
)

LATTICES = [("u1", (4, 3)), ("su2", (3, 4, 2)), ("su3", (2, 3, 2, 2))]
SMEARINGS = {
    "stout": lambda links: stout_smear(links, 0.07, 2),
    "stout spatial": lambda links: stout_smear(links, 0.07, 2, spatial_only=True),
    "ape": lambda links: ape_smear(links, 0.5, 2),
    "flow": lambda links: gradient_flow(links, 0.1, 0.05).links,
}


@pytest.fixture(params=LATTICES, ids=lambda case: case[0])
def links(request, generator):
    name, shape = request.param
    return hot_start(get_group(name), shape, generator, 2)


def angle_free(links):
    """U(1) angles as phases, so that 2 pi does not count."""
    return torch.polar(torch.ones_like(links), links) if links.is_floating_point() else links


@pytest.mark.parametrize("name", SMEARINGS)
def test_smearing_is_gauge_covariant_and_stays_in_the_group(links, name, generator):
    smear = SMEARINGS[name]
    if name == "stout spatial" and links.shape[1] == 2:
        with pytest.raises(UserError, match="at least 2 axes"):
            smear(links)
        return
    group = get_group("u1") if links.is_floating_point() else get_group(f"su{links.shape[-1]}")
    w = group.haar((2, *links.shape[2 : 2 + links.shape[1]]), generator)
    left, right = smear(gauge_transform(links, w)), gauge_transform(smear(links), w)
    assert (angle_free(left) - angle_free(right)).abs().max() < 1e-12
    assert unitarity_violation(smear(links)).max() < 1e-12
    assert bool((plaquette(smear(links)) > plaquette(links) + 0.01).all())


def test_spatial_smearing_leaves_time_links_alone(generator):
    links = hot_start(get_group("su2"), (3, 3, 3, 2), generator)
    for smeared in (stout_smear(links, 0.1, 1, spatial_only=True), ape_smear(links, 0.5, 1, spatial_only=True)):
        assert torch.equal(smeared[:, 3], links[:, 3])
        assert (smeared[:, :3] - links[:, :3]).abs().max() > 0.1
    with pytest.raises(UserError, match="at least 2 axes"):
        ape_smear(hot_start(get_group("su2"), (3, 3), generator), 0.5, spatial_only=True)


def test_staples_complete_the_link_to_its_plaquettes(links):
    """Summed over links, Re tr(U C^dagger)/N counts every plaquette four times."""
    if links.is_complex():
        trace = (links @ staple_sum(links).mH).diagonal(dim1=-2, dim2=-1).mean(-1)
    else:
        trace = angle_free(links) * staple_sum(links).conj()
    ndim = links.shape[1]
    sites = math.prod(links.shape[2 : 2 + ndim])
    expected = 4 * sites * ndim * (ndim - 1) / 2 * plaquette(links)
    assert torch.allclose(trace.real.flatten(1).sum(1), expected)


@pytest.mark.parametrize("spatial_only", [False, True])
def test_ape_smearing_of_one_link_by_hand(spatial_only, generator):
    group = get_group("su3")
    links = hot_start(group, (3, 4, 2, 3), generator)
    alpha, axes = 0.4, (1, 2) if spatial_only else (1, 2, 3)
    total = torch.zeros(3, 3, dtype=links.dtype)
    for nu in axes:
        step = f"{'xyzt'[nu]}"
        up, down = wilson_lines(links, [f"+{step} +x -{step}", f"-{step} +x +{step}"])[:, 0, 1, 2, 1, 2]
        total += up + down
    expected = group.project((1 - alpha) * links[0, 0, 1, 2, 1, 2] + alpha / (2 * len(axes)) * total)
    smeared = ape_smear(links, alpha, spatial_only=spatial_only)
    assert torch.allclose(smeared[0, 0, 1, 2, 1, 2], expected, atol=1e-13)


def test_compiled_and_differentiable_stout_smearing_agree(links):
    followed = stout_smear(links.clone().requires_grad_(), 0.07, 3).detach()
    assert (angle_free(followed) - angle_free(stout_smear(links, 0.07, 3))).abs().max() < 1e-13


def test_stout_smearing_is_differentiable(generator):
    group = get_group("su3")
    links = hot_start(group, (2, 3), generator)
    w = torch.zeros(1, 2, 2, 3, 8, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: plaquette(stout_smear(group.exp(x) @ links, 0.1, 2)), w, fast_mode=True)


def test_flow_is_the_limit_of_small_stout_steps(links):
    """Stout steps are Euler's method for the flow: their difference from it is of first order in the step."""
    flowed = plaquette(gradient_flow(links, 0.1, 0.01).links)
    coarse, fine = (plaquette(stout_smear(links, 0.1 / n, n)) - flowed for n in (50, 100))
    assert torch.allclose(coarse / fine, torch.full_like(fine, 2.0), atol=0.05)


def test_flow_integrator_is_of_third_order(generator):
    links = hot_start(get_group("su3"), (3, 3, 2), generator)
    exact = gradient_flow(links, 0.4, 0.4 / 64).energy[-1]
    errors = [float((gradient_flow(links, 0.4, 0.4 / n).energy[-1] - exact).abs()) for n in (8, 16)]
    assert 2**2.6 < errors[0] / errors[1] < 2**3.6


def test_flow_descends_the_action(links):
    action = WilsonAction(links.shape[1], 1.0)
    history = gradient_flow(links, 0.2, 0.02, energy="plaquette")
    assert bool((history.energy.diff(dim=0) < 0).all())
    assert bool((action(history.links) < action(links)).all())


def test_flow_of_a_free_u1_field_is_the_heat_equation():
    """A weak plane wave A_y ~ cos(k x) decays as exp(-k_hat^2 t), k_hat = 2 sin(k/2): E as its square."""
    length, amplitude = 8, 1e-4
    k = 2 * math.pi / length
    links = cold_start(get_group("u1"), (length, 4))
    links[0, 1] = amplitude * torch.cos(k * torch.arange(length, dtype=torch.float64))[:, None]
    time = 1.5
    history = gradient_flow(links, time, 0.05, energy="plaquette")
    decay = float(history.energy[-1] / history.energy[0])
    assert decay == pytest.approx(math.exp(-2 * 4 * math.sin(k / 2) ** 2 * time), rel=1e-5)
    assert float(energy_plaquette(links)) == pytest.approx((amplitude * 2 * math.sin(k / 2)) ** 2 / 4, rel=1e-6)


def test_scales_of_a_known_curve():
    """t^2 E = t/10 reaches 0.3 at t0 = 3, and so does its logarithmic derivative."""
    time = torch.linspace(0, 5, 501, dtype=torch.float64)
    energy = torch.stack((0.1 / time.clamp(min=1e-9), 0.01 / time.clamp(min=1e-9)), 1)
    history = FlowHistory(time, energy, torch.empty(0))
    assert float(history.t0[0]) == pytest.approx(3.0)
    assert float(history.w0[0]) == pytest.approx(3.0**0.5)
    assert bool(history.t0[1].isnan())
    falls_and_rises = torch.tensor([0.0, 0.4, 0.2, 0.6], dtype=torch.float64)[:, None]
    assert float(flow_scale(torch.arange(4.0).double(), falls_and_rises)) == pytest.approx(0.75)


def test_the_flow_measures_what_it_is_asked_for(generator):
    links = hot_start("su2", (3, 3), generator, 2)
    history = gradient_flow(links, 0.1, 0.02, every=2, measure={"plaquette": plaquette})
    assert torch.allclose(history.time, torch.tensor([0.0, 0.04, 0.08, 0.1], dtype=torch.float64))
    assert history.energy.shape == (4, 2)
    assert torch.equal(history.measured["plaquette"][-1], plaquette(history.links))
    assert torch.equal(history.energy[0], energy_clover(links))


def test_wrong_flows_are_refused(links):
    with pytest.raises(UserError, match="time and epsilon > 0"):
        gradient_flow(links, -1.0)
    with pytest.raises(UserError, match="clover or plaquette"):
        gradient_flow(links, 1.0, energy="wilson")
    with pytest.raises(UserError, match="steps >= 0"):
        stout_smear(links, 0.1, -1)
