"""Protocols along paths of actions: log Z against closed forms, schedules, Bennett's ratio of normal work, warnings."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.flows import (
    Context,
    EquilibriumBase,
    GaugeFlow,
    GaussianBase,
    HaarBase,
    ResidualStout,
    Work,
    bennett,
    constant_speed,
    crossing,
    linear_times,
    parity_masks,
    protocol,
)
from gaugeflow.groups import get_group
from gaugeflow.lattice import SCALARS, Action, Defect, WilsonAction, charge_geometric, plaquette
from gaugeflow.lattice.exact import Exact2D
from gaugeflow.montecarlo import HMC, HeatBath, Sampler

U1 = get_group("u1")


def heatbath(action: Action) -> Sampler:
    return HeatBath(action, overrelaxation=1)  # type: ignore[arg-type]


def hmc(action: Action) -> Sampler:
    return HMC(action, length=1.0, step_size=0.25)


def coupling(t: float) -> WilsonAction:
    return WilsonAction(2, 2.0 * t)


def test_from_haar_forward_reverse_and_bennett_agree_with_log_z(generator):
    base, exact = HaarBase(U1, (4, 4)), float(Exact2D("u1", (4, 4), 2.0).log_z)
    flow = protocol(base, coupling, linear_times(12), hmc)
    _, log_w = flow.sample(600, generator)
    target, _ = HeatBath(coupling(1.0)).update(base.draw(600, generator), generator)
    for _ in range(30):
        target, _ = heatbath(coupling(1.0)).update(target, generator)
    work = Work(log_w.numpy(), 11, flow.reverse(target, generator).numpy())
    assert work.log_z.keys() == {"forward", "reverse", "bennett", "crossing"}
    for found in work.log_z.values():
        assert abs(found.value - exact) < 4 * found.error
    assert work.log_z["bennett"].error < 0.08


def defect(t: float) -> WilsonAction:
    return WilsonAction(2, 4.0).weighted(Defect(2, t) if t < 1 else None)


def test_from_a_flow_evolutions_begin_behind_its_layers(generator):
    """Z from a flow with a layer. Updates in front of it would be exact too, and far from the fields that it makes."""
    mask = parity_masks(2)[0]
    layer = ResidualStout(U1, mask, Context(U1, mask, [4], 1, generator), generator)
    for parameter in layer.parameters():
        parameter.data.add_(0.1 * torch.randn(parameter.shape, generator=generator, dtype=parameter.dtype))
    base = GaugeFlow(HaarBase(U1, (4, 4)), [layer])
    evolutions = protocol(base, coupling, linear_times(8), heatbath)
    assert [*evolutions.updates] == [1]
    work = Work(evolutions.sample(4000, generator)[1].numpy(), updates=7)
    assert abs(work.log_z["forward"].value - float(Exact2D("u1", (4, 4), 2.0).log_z)) < 4 * work.log_z["forward"].error
    assert work.log_z["forward"].error < 0.1


def test_from_a_defect_with_updates_next_to_it_alone_the_periodic_lattice_is_exact(generator):
    """The start is open where the defect is; the charge that came in there has the right law at the end."""
    base = EquilibriumBase(U1, (4, 4), heatbath(defect(0.0)), defect(0.0), 40)
    near = Defect(2, 0.0).around(1)
    flow = protocol(base, defect, linear_times(10), lambda action: HeatBath(action, 1, region=near))  # type: ignore[arg-type]
    links, log_w = flow.sample(3000, generator)
    weights, exact = Work(log_w.numpy(), 9).weights, Exact2D("u1", (4, 4), 4.0)
    for samples, value in (
        (charge_geometric(links) ** 2, exact.charge_squared),
        (plaquette(links), exact.plaquette),
    ):
        found = weights.mean(samples.numpy())
        assert abs(found.value - float(value)) < 4 * found.error
        assert found.error < 0.2 * found.value
    assert weights.ess().value > 0.3


def test_constant_speed_takes_small_steps_where_the_action_changes_fast(generator):
    """Along beta = 3 t^3 equal steps of t are not equal in length; the new times are nearly."""
    steep = lambda t: WilsonAction(2, 3.0 * t**3)  # noqa: E731
    base, pilot = HaarBase(U1, (4, 4)), linear_times(12)
    times = constant_speed(base, steep, pilot, heatbath, 6, 400, generator)
    assert (times[0], times[-1], len(times)) == (0.0, 1.0, 7)
    assert times[1] > 0.3
    found = {}
    for name, chosen in (("linear", linear_times(6)), ("constant", times)):
        _, log_w = protocol(base, steep, chosen, heatbath).sample(1500, generator)
        found[name] = Work(log_w.numpy(), 5).variance
    assert found["constant"] < found["linear"]


class Precision(Action):
    """`k phi^2 / 2` at each site: the spread of dS/dk over its fields is `sqrt(V / 2) / k`."""

    space = SCALARS

    def __init__(self, k: float) -> None:
        self.k = k

    def __call__(self, field: Tensor) -> Tensor:
        return self.k * field.square().flatten(1).sum(1) / 2


class Independent(Sampler):
    """Fields of `Precision` drawn anew."""

    def __init__(self, action: Action) -> None:
        assert isinstance(action, Precision)
        self.warmup, self.k = False, action.k

    def update(self, field: Tensor, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        return torch.randn(field.shape, generator=generator, dtype=field.dtype) / self.k**0.5, {}


def lost(times: list[float]) -> float:
    """Mean dissipated work on 16 sites, where a step by the ratio r of precisions takes `(r - 1 - log r) / 2` each."""
    k = 1 + 15 * np.array(times)
    r = k[1:] / k[:-1]
    return float(8 * (r - 1 - np.log(r)).sum())


def test_constant_speed_through_gaussians_is_the_optimum_in_closed_form(generator):
    """Lengths are `int dk / k`: precisions from 1 to 16 stand in a geometric series, which loses least."""
    base, steps = GaussianBase((4, 4)), 8
    widths = lambda t: Precision(1 + 15 * t)  # noqa: E731
    times = constant_speed(base, widths, linear_times(200), Independent, steps, 1000, generator)
    optimum = [(16 ** (k / steps) - 1) / 15 for k in range(steps + 1)]
    assert times == pytest.approx(optimum, rel=0.12, abs=0.003)
    assert lost(optimum) <= lost(times) < 1.02 * lost(optimum) < 0.7 * lost(linear_times(steps))
    _, log_w = protocol(base, widths, times, Independent).sample(4000, generator)
    found = 8 * math.log(2 * math.pi / 16) - log_w.numpy()
    assert abs(found.mean() - lost(times)) < 4 * found.std() / math.sqrt(4000)


def test_numbers_of_normal_work():
    """log w ~ N(-s^2/2, s^2): Z = 1, W_d = s^2/2, ESS = exp(-s^2); the way back has N(+s^2/2, s^2)."""
    draws, s = np.random.default_rng(1), 0.8
    work = Work(draws.normal(-(s**2) / 2, s, 20000), 10, draws.normal(s**2 / 2, s, 5000))
    for found in work.log_z.values():
        assert abs(found.value) < 4 * found.error
    assert work.log_z["bennett"].error < work.log_z["forward"].error
    assert work.log_z["crossing"].error < 0.03
    assert work.dissipated.value == pytest.approx(s**2 / 2, abs=4 * work.dissipated.error)
    assert work.variance == pytest.approx(s**2, rel=0.05)
    assert work.ess_per_update == pytest.approx(math.exp(-(s**2)) / 10, rel=0.05)
    assert work.needed == pytest.approx(100 * math.exp(s**2), rel=0.05)
    assert work.warning == ""


def test_histograms_cross_at_log_z_also_for_work_that_is_not_normal():
    """log w = -x of an exponential law of rate 2: Z = 2/3, and the way back has the rate 3, p_R = p_F w / Z."""
    draws = np.random.default_rng(2)
    found = crossing(-draws.exponential(1 / 2, 20000), -draws.exponential(1 / 3, 10000))
    assert abs(found.value - math.log(2 / 3)) < 4 * found.error
    assert found.error < 0.02


def test_histograms_that_do_not_meet_have_no_crossing():
    assert math.isnan(crossing(np.linspace(0, 1, 30), np.linspace(5, 6, 30)).value)


def test_few_evolutions_are_warned_of_with_how_many_would_do():
    work = Work(np.random.default_rng(1).normal(0, 3, 200), 10)
    assert "200 evolutions" in work.warning
    assert "overrate" in work.warning
    assert work.needed > 1e5


def test_what_does_not_fit_is_refused(generator):
    base = HaarBase(U1, (4, 4))
    for times in ([0.0], [0.0, 0.5], [0.1, 1.0], [0.0, 0.7, 0.5, 1.0]):
        with pytest.raises(UserError, match="rise from 0 to 1"):
            protocol(base, coupling, times, heatbath)
    with pytest.raises(UserError, match="at least one step"):
        linear_times(0)
    with pytest.raises(UserError, match="does not vary"):
        constant_speed(base, lambda t: WilsonAction(2, 1.0), [0.0, 1.0], heatbath, 2, 10, generator)
    with pytest.raises(UserError, match="20 finite weights"):
        bennett(np.zeros(19), np.zeros(50))
