"""Stochastic flows: work with the right mean both ways, from a configuration, resumed bit for bit, in shares."""

import itertools
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from gaugeflow import runs
from gaugeflow.errors import UserError
from gaugeflow.flows import (
    Bridge,
    GaugeFlow,
    GaussianBase,
    HaarBase,
    StochasticFlow,
    Symmetrized,
    Updates,
    choose_operations,
    forward_log_z,
)
from gaugeflow.flows.statistics import Weights, forward_ess
from gaugeflow.groups import get_group
from gaugeflow.lattice import Phi4Action, WilsonAction, hot_start
from gaugeflow.lattice.exact import Exact2D
from gaugeflow.montecarlo import HMC, HeatBath
from gaugeflow.runs import Ranks
from gaugeflow.symmetry import SiteScalars
from gaugeflow.tasks import Flow
from gaugeflow.tasks.flow.between import StochasticConfig
from gaugeflow.tasks.flow.between.updates import UpdatesConfig
from gaugeflow.tasks.flow.weighing import Averaged, Layers, WithUpdates
from tests.tasks.crashes import crash
from tests.tasks.flow.models import SIGMA, Harmonic, Scale, Shift

pytestmark = pytest.mark.slow

HMC_AT = {"name": "hmc", "length": 1.0, "step_size": 0.4}
CONFIG: dict[str, Any] = {
    "task": "flow",
    "seed": 3,
    "group": "u1",
    "shape": [2, 2],
    "action": {"name": "wilson", "beta": 3.0},
    "model": {"name": "identity"},
    "training": {"steps": 0},
    "stochastic": {"updates": [{"times": [0.2, 0.45, 0.75], "density": "target", "sampler": HMC_AT}]},
    "report": {"samples": 1600, "chunk": 400, "reference": {"chains": 20, "warmup": 5, "measurements": 20}},
}


def start(path: Path, **changes: Any) -> dict[str, Any]:
    return runs.start(Flow, runs.Source(json.dumps({**CONFIG, **changes}), "test.yaml"), path, quiet=True)


def harmonic_flow(scale: float = 0.2) -> GaugeFlow:
    """The base has width 1, the layers widen it a little, the target has width 1.5."""
    layers = [Scale(torch.float64), Scale(torch.float64)]
    with torch.no_grad():
        layers[0].a.fill_(scale)
    return GaugeFlow(GaussianBase((2, 2)), layers, Harmonic())


def between(flow: GaugeFlow, times: tuple[float, ...] = (0.5,)) -> StochasticFlow:
    """Updates after the first layer, and after both."""

    def at(layers: int, t: float) -> Updates:
        bridge = Bridge(GaugeFlow(flow.q0, list(flow.flows)[:layers]), flow.action, t)
        return Updates(HMC(bridge, length=1.5, step_size=0.3), bridge)

    return StochasticFlow(flow, {1: [at(1, 0.3)], 2: [at(2, t) for t in times]})


def test_the_way_there_and_the_way_back_agree(generator):
    """log Z is known; both effective sample sizes are those of one law of ways, and larger than that of the layers."""
    flow, exact = harmonic_flow(), 4 * math.log(SIGMA * math.sqrt(2 * math.pi))
    stochastic = between(flow, (0.25, 0.5, 0.75))
    there = Weights(stochastic.sample(3000, generator)[1].numpy())
    target = SIGMA * torch.randn(3000, 2, 2, generator=generator, dtype=torch.float64)
    back = stochastic.reverse(target, generator).numpy()
    assert abs(there.log_z().value - exact) < 4 * there.log_z().error
    log_z = forward_log_z(back)
    assert abs(log_z.value - exact) < 4 * log_z.error
    ess, ess_forward = there.ess(), forward_ess(back)
    assert abs(ess.value - ess_forward.value) < 4 * math.hypot(ess.error, ess_forward.error)
    x, log_q = flow.sample(4000, generator)
    layers = Weights(flow.log_weight(x, log_q).detach().numpy()).ess()
    assert ess.value > layers.value + 0.1


def test_the_force_of_a_bridge_is_its_derivative(generator):
    flow = harmonic_flow()
    bridge = Bridge(flow, flow.action, 0.3)
    bridge.assert_force(torch.randn(2, 2, 2, generator=generator, dtype=torch.float64), generator)
    assert all(p.grad is None for p in flow.parameters())
    haar = GaugeFlow(HaarBase(get_group("su2"), (2, 2)), [], WilsonAction(2, 2.0))
    links = hot_start("su2", (2, 2), generator, 3)
    torch.testing.assert_close(Bridge(haar, haar.action, 0.4)(links), WilsonAction(2, 0.8)(links))


def test_there_is_no_way_back_through_sweeps(generator):
    action = WilsonAction(2, 1.0)
    flow = GaugeFlow(HaarBase(get_group("u1"), (2, 2)), [], action)
    stochastic = StochasticFlow(flow, {0: Updates(HeatBath(action), action)})
    with pytest.raises(UserError, match="expected updates by hmc on the way back"):
        stochastic.reverse(hot_start("u1", (2, 2), generator), generator)


def averaged() -> GaugeFlow:
    """Over the four translations of a lattice of 2 x 2."""
    x = SiteScalars(torch.zeros(1, 2, 2, dtype=torch.float64), channels=0)
    flow = GaugeFlow(GaussianBase((2, 2)), [Shift([[0.5, -0.2], [0.1, 0.3]], torch.float64)])
    return GaugeFlow(Symmetrized(flow, choose_operations("translations", x).elements, x), [], Harmonic())


@pytest.mark.parametrize(
    "weigher",
    [
        lambda: Layers(harmonic_flow()),
        lambda: WithUpdates(between(harmonic_flow())),
        lambda: Averaged(averaged()),
    ],
)
def test_shares_are_those_of_the_whole(weigher, monkeypatch):
    """By one process, by two, and by three."""
    fields = torch.randn(100, 2, 2, generator=torch.Generator().manual_seed(2), dtype=torch.float64)

    def made(rank, size):
        monkeypatch.setattr("gaugeflow.tasks.flow.weighing.ranks", lambda: Ranks(rank, size))
        generator = torch.Generator().manual_seed(1)
        with torch.no_grad():
            x, columns = weigher().draw(100, generator)
            found = (x, *columns.values(), weigher().weigh(fields, generator))
        return found, generator.get_state()

    whole, state = made(0, 1)
    for size in (2, 3):
        parts = [made(rank, size) for rank in range(size)]
        for n, expected in enumerate(whole):
            torch.testing.assert_close(torch.cat([found[n] for found, _ in parts]), expected, rtol=1e-12, atol=1e-12)
        assert all(torch.equal(after, state) for _, after in parts)
    with pytest.raises(UserError, match="for each of 101 processes, came 100"):
        made(0, 101)


def test_updates_raise_what_samples_are_worth(tmp_path):
    report = start(tmp_path / "run")
    alone = report["layers_alone"]
    assert report["ess"] > 2 * alone["ess"] > 0
    assert abs(report["plaquette"] - report["plaquette_exact"]) < 4 * report["plaquette_error"]
    assert abs(report["log_z"] - report["log_z_exact"]) < 4 * report["log_z_error"]
    assert abs(report["observables"]["plaquette"]["deviation"]) < 4
    assert abs(report["ess"] - report["ess_forward"]) < 4 * (report["ess_error"] + report["ess_forward_error"])
    assert report["stochastic"]["updates"][0]["times"] == [0.2, 0.45, 0.75]
    assert "effective sample size of the layers alone" in (tmp_path / "run" / "report.md").read_text()
    runs.sample(Flow, tmp_path / "run", 10, 1, tmp_path / "fields.h5", weighted=True, quiet=True)


FEW: dict[str, Any] = {
    "checkpoint_every": {"steps": 1},
    "report": {
        "samples": 100,
        "chunk": 25,
        "shapes": [[4, 2]],
        "samplers": ["hmc"],
        "reference": {"chains": 4, "warmup": 2, "measurements": 10},
    },
}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> runs.Metrics:
    path = tmp_path_factory.mktemp("stochastic") / "whole"
    start(path, **FEW)
    return runs.Metrics.load(path / "metrics.h5")


@pytest.mark.parametrize("stop", [2, 8])
def test_a_stochastic_run_goes_on_bit_for_bit(tmp_path, undisturbed, stop):
    with crash(Flow, stop):
        start(tmp_path / "cut", **FEW)
    runs.resume(Flow, tmp_path / "cut", quiet=True)
    whole, cut = undisturbed, runs.Metrics.load(tmp_path / "cut" / "metrics.h5")
    assert whole.counts() == cut.counts()
    for table in ("flow", "hmc", "layers", "flow_4x2"):
        for name, values in whole.columns(table).items():
            np.testing.assert_array_equal(cut.columns(table)[name], values, strict=True)


def test_sweeps_of_a_heat_bath_have_no_forward_weights(tmp_path):
    updates = [{"times": [0.3, 0.7], "density": "target", "sampler": {"name": "heatbath"}, "count": 2}]
    report = start(tmp_path / "run", stochastic={"updates": updates})
    assert report["ess_forward"] is None
    assert report["ess"] > report["layers_alone"]["ess"]
    assert abs(report["log_z"] - report["log_z_exact"]) < 4 * report["log_z_error"]


def test_a_resampled_run_has_weights_of_its_populations(tmp_path):
    updates = [{"times": [0.3, 0.7], "density": "target", "sampler": {"name": "heatbath"}}]
    few = {"samples": 400, "chunk": 200, "samplers": ["heatbath"], "reference": {"chains": 5, "measurements": 20}}
    resample = {"below": 0.9, "population": 4}
    report = start(tmp_path / "run", stochastic={"updates": updates, "resample": resample}, report=few)
    assert report["work"]["updates"] == 8
    assert 0.3 < report["work"]["resampled"] <= 2
    assert report["ess_forward"] is None
    assert abs(report["log_z"] - report["log_z_exact"]) < 4 * report["log_z_error"]
    assert abs(report["observables"]["plaquette"]["deviation"]) < 4
    assert "resamplings of a population" in (tmp_path / "run" / "report.md").read_text()


def test_equal_steps_stand_between_the_start_and_the_target():
    keys = {"linear": {"start": 0.5, "steps": 4}, "density": "target", "sampler": {"name": "heatbath"}, "count": 3}
    section = StochasticConfig.model_validate({"updates": [keys]})
    assert section.updates[0].linear.times == [0.625, 0.75, 0.875]
    assert section.count == 9


def plaquette_slope(beta: float, h: float = 1e-3) -> float:
    """The variance of the action over beta on 4 x 4, for each plaquette."""
    above, below = (float(Exact2D("u1", (4, 4), beta + step).plaquette) for step in (h, -h))
    return (above - below) / (2 * h)


@pytest.mark.parametrize("start", [0.0, 0.5])
def test_steps_of_equal_spread_grow_towards_an_ordered_target(start):
    """The fluctuations of U(1) in two dimensions fall with the coupling, so that later steps may be longer."""
    keys = {"constant_speed": {"start": start, "steps": 5, "pilot": 500}, "density": "target"}
    entry = UpdatesConfig.model_validate({**keys, "sampler": {"name": "heatbath"}})
    flow = GaugeFlow(HaarBase(get_group("u1"), (4, 4)), [], WilsonAction(2, 6.0))
    times = [start, *entry.schedule(flow), 1.0]
    assert entry.places == 4
    assert entry.schedule(flow) == times[1:-1]
    steps = np.diff(times)
    assert (steps > 0).all()
    assert steps[-1] > 1.5 * steps[0]
    spread = [plaquette_slope(6.0 * (a + b) / 2) ** 0.5 for a, b in itertools.pairwise(times)]
    products = steps * spread
    assert products.max() < 1.3 * products.min()


def test_learned_steps_have_less_variance_than_equal_ones(tmp_path):
    """Also in a run, whose log Z is exact."""
    found = {}
    for name, more in (("linear", {}), ("learned", {"pilot": 200, "rounds": 3})):
        schedule = {name: {"steps": 6, **more}, "density": "target", "sampler": {"name": "heatbath"}}
        few = {"samples": 800, "chunk": 400, "samplers": ["heatbath"], "reference": {"chains": 5, "measurements": 20}}
        changes = {"action": {"name": "wilson", "beta": 6.0}, "stochastic": {"updates": [schedule]}, "report": few}
        found[name] = start(tmp_path / name, **changes)
        assert found[name]["work"]["updates"] == 5
    report = found["learned"]
    assert report["work"]["variance"] < found["linear"]["work"]["variance"]
    assert abs(report["log_z"] - report["log_z_exact"]) < 4 * report["log_z_error"]


@pytest.mark.parametrize("schedule", ["constant_speed", "learned"])
def test_steps_from_a_pilot_run_need_links(schedule):
    entry = UpdatesConfig.model_validate({schedule: {"steps": 3}, "density": "target", "sampler": HMC_AT})
    with pytest.raises(UserError, match="schedule: expected links"):
        entry.build(GaugeFlow(GaussianBase((4, 4)), [], Phi4Action(1.0, 1.0)))


def test_a_population_of_one_is_refused(tmp_path):
    stochastic = {**CONFIG["stochastic"], "resample": {"population": 1}}
    with pytest.raises(UserError, match="greater than or equal to 2"):
        start(tmp_path / "run", stochastic=stochastic)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"times": [0.5], "sampler": {"name": "heatbath"}}, "heat bath serves density: target or path only"),
        ({"times": [0.5], "sampler": HMC_AT, "after": 3}, "expected updates after 0 to 0 layers, got 3"),
        ({"times": [1.5], "sampler": HMC_AT}, "less than or equal to 1"),
        ({"sampler": HMC_AT}, "either `times` or `linear`"),
        ({"times": [0.5], "linear": {"steps": 2}, "sampler": HMC_AT}, "either `times` or `linear`"),
        ({"constant_speed": {"steps": 4}, "sampler": HMC_AT}, "constant_speed: expected density: target or path"),
        ({"learned": {"steps": 4}, "sampler": HMC_AT}, "learned: expected density: target or path"),
        ({"learned": {"steps": 4, "rounds": 1}, "sampler": HMC_AT}, "greater than or equal to 2"),
        ({"linear": {"steps": 1}, "sampler": HMC_AT}, "greater than or equal to 2"),
        ({"times": [0.5], "sampler": {"name": "exact"}}, "exact"),
    ],
)
def test_mistakes_in_the_section(tmp_path, entry, message):
    with pytest.raises(UserError, match=message):
        start(tmp_path / "run", stochastic={"updates": [entry]})
    assert not (tmp_path / "run").exists()
