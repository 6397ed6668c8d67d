"""Protocols along paths of actions: log Z against closed forms, schedules, Bennett's ratio of normal work, warnings."""

import itertools
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
    learned_times,
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


class Slow(Independent):
    """Fields of `Precision` by Langevin's equation for a time of 0.05: weak forces leave a long memory."""

    def update(self, field: Tensor, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        kept = math.exp(-0.05 * self.k)
        fresh, _ = super().update(field, generator)
        return kept * field + math.sqrt(1 - kept**2) * fresh, {}


def lost_slowly(times: Tensor) -> Tensor:
    """Mean dissipated work on 16 sites with updates by `Slow`, from the recursion of the mean square of phi."""
    k = 1 + 15 * times
    square, work = torch.ones((), dtype=torch.float64), torch.zeros((), dtype=torch.float64)
    for old, new in itertools.pairwise(k):
        work = work + 8 * (new - old) * square
        kept = torch.exp(-0.1 * new)
        square = kept * square + (1 - kept) / new
    return work - 8 * math.log(16)


def least_lost(steps: int) -> float:
    """Over all times of so many steps."""
    logits = torch.zeros(steps, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.Adam([logits], lr=0.1)
    for _ in range(100):
        optimizer.zero_grad()
        found = lost_slowly(torch.cat([torch.zeros(1), torch.softmax(logits, 0).cumsum(0)]))
        found.backward()
        optimizer.step()
    return float(found.detach())


def test_learned_times_know_that_fields_lag_behind(generator):
    """Gaussians again, now with updates that are slow where precisions are small: better than equal spreads."""
    base, steps = GaussianBase((4, 4)), 24
    widths = lambda t: Precision(1 + 15 * t)  # noqa: E731
    learned = learned_times(base, widths, Slow, steps, 2000, generator)
    constant = constant_speed(base, widths, linear_times(200), Independent, steps, 1000, generator)
    loses = [
        float(lost_slowly(torch.tensor(times, dtype=torch.float64)))
        for times in (learned, constant, linear_times(steps))
    ]
    assert loses[0] < 1.1 * least_lost(steps)
    assert loses[0] < 0.95 * min(loses[1:])


@pytest.mark.parametrize("path", [lambda t: WilsonAction(2, 3.0 * t**3), lambda t: WilsonAction(2, 4.0 * t)])
def test_learned_times_are_no_worse_than_equal_steps_and_log_z_is_exact(generator, path):
    """U(1) on 4 x 4 from Haar measure: where equal steps suit, and where they do not."""
    base, steps = HaarBase(U1, (4, 4)), 6
    times = learned_times(base, path, heatbath, steps, 300, generator, rounds=3)
    found = {}
    for name, chosen in (("linear", linear_times(steps)), ("learned", times)):
        _, log_w = protocol(base, path, chosen, heatbath).sample(1500, generator)
        found[name] = Work(log_w.numpy(), 5)
    log_z, exact = found["learned"].log_z["forward"], Exact2D("u1", (4, 4), path(1.0).beta).log_z
    assert abs(log_z.value - float(exact)) < 4 * log_z.error
    assert found["learned"].variance < 1.05 * found["linear"].variance


def test_chains_of_an_equilibrium_go_on_between_draws(generator):
    """From random links in the first draw, from the fields of the last one after that, anew for another number."""
    base = EquilibriumBase(U1, (4, 4), heatbath(coupling(1.0)), coupling(1.0), 20, between=1)
    first, second, other = (plaquette(base.draw(chains, generator)) for chains in (200, 200, 100))
    exact = float(Exact2D("u1", (4, 4), 2.0).plaquette)
    for found in (first, second, other):
        assert abs(float(found.mean()) - exact) < 4 * float(found.std()) / math.sqrt(len(found))
    base.updates = 0
    still = base.draw(100, generator)
    base.between = 0
    assert torch.equal(base.draw(100, generator), still)
    base.between = None
    assert float(plaquette(base.draw(100, generator)).mean()) < 0.3


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
    with pytest.raises(UserError, match="two or more rounds"):
        learned_times(base, coupling, heatbath, 4, 10, generator, rounds=1)
    with pytest.raises(UserError, match="does not vary"):
        constant_speed(base, lambda t: WilsonAction(2, 1.0), [0.0, 1.0], heatbath, 2, 10, generator)
    with pytest.raises(UserError, match="20 finite weights"):
        bennett(np.zeros(19), np.zeros(50))
