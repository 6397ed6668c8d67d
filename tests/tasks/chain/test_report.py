"""What stands in the report of a chain, from rows that are known."""

import json
from typing import Any

import numpy as np
import pytest
import torch
from pydantic import TypeAdapter

from gaugeflow import runs
from gaugeflow.lattice import charge_clover, charge_plaquette, gradient_flow, hot_start
from gaugeflow.lattice.exact import Exact2D
from gaugeflow.montecarlo.errors import Estimate, derived, estimate
from gaugeflow.tasks import Chain
from gaugeflow.tasks.observables import ObservableConfig
from gaugeflow.tasks.scales import flow_scales
from tests.tasks.numbers import numbers

ROWS, CHAINS, WARMUP, INTERVAL = 30, 4, 10, 2
CONFIG: dict[str, Any] = {
    "task": "chain",
    "seed": 9,
    "group": "u1",
    "shape": [4, 6],
    "action": {"name": "wilson", "beta": 2.0},
    "sampler": {"name": "hmc", "length": 1.0, "step_size": 0.25},
    "chains": CHAINS,
    "warmup": WARMUP,
    "measurements": ROWS,
    "interval": INTERVAL,
    "observables": [
        "plaquette",
        "polyakov",
        {"name": "wilson_loops", "r": 2, "t": 3},
        {"name": "charge", "definition": "geometric"},
        {"name": "gradient_flow", "time": 0.4, "epsilon": 0.1},
    ],
}


def known_rows() -> dict[str, np.ndarray]:
    """Columns `(rows, chains, ...)`: every mean is another number, and so is W(R, T) from W(T, R)."""
    draws = np.random.default_rng(1)
    loops = 0.5 + 0.1 * np.arange(6).reshape(2, 3) + 0.02 * draws.normal(size=(ROWS, CHAINS, 2, 3))
    t2e = np.array([0.0, 0.1, 0.26, 0.34, 0.5]) + 0.002 * draws.normal(size=(ROWS, CHAINS, 5))
    return {
        "plaquette": 0.7 + 0.01 * draws.normal(size=(ROWS, CHAINS)),
        "polyakov_re": 0.1 + draws.normal(size=(ROWS, CHAINS)),
        "polyakov_im": 0.2 + draws.normal(size=(ROWS, CHAINS)),
        "polyakov_abs": 0.3 + draws.random(size=(ROWS, CHAINS)),
        "wilson_loops": loops,
        "charge": draws.integers(-2, 3, size=(ROWS, CHAINS)).astype(float),
        "gradient_flow": t2e,
    }


def expected(name: str, wanted: Estimate, exact: float | None) -> dict[str, float]:
    """The numbers of a row of a quantity."""
    found = {"value": wanted.value, "error": wanted.error, "tau_int": wanted.tau_int, "count": ROWS * CHAINS}
    found["tau_int_error"] = wanted.tau_int_error
    if exact is not None:
        found |= {"exact": exact, "deviation": (wanted.value - exact) / wanted.error}
    return {f"{name}.{key}": value for key, value in found.items()}


def test_every_number_of_the_report() -> None:
    made, metrics, columns = Chain.of(runs.Source(json.dumps(CONFIG), "test.yaml")), runs.Metrics(), known_rows()
    draws = np.random.default_rng(2)
    acceptance, violation = draws.random((WARMUP + 60, CHAINS)), draws.normal(size=(WARMUP + 60, CHAINS))
    acceptance[:WARMUP], violation[:WARMUP] = 100.0, -100.0  # the warm-up does not count
    for step in range(WARMUP + 60):
        metrics.record("updates", {"step": step, "acceptance": acceptance[step], "energy_violation": violation[step]})
    for row in range(ROWS):
        metrics.record("measurements", {"step": row, **{name: values[row] for name, values in columns.items()}})
    report = made.report(metrics)
    series = {name: values.swapaxes(0, 1) for name, values in columns.items()}
    loops, exact = series["wilson_loops"], Exact2D("u1", (4, 6), 2.0)
    w = {(r, t): loops[:, :, r - 1, t - 1] for r in (1, 2) for t in (1, 2, 3)}
    wanted = expected("plaquette", estimate(series["plaquette"]), float(exact.plaquette))
    wanted |= expected("polyakov_re", estimate(series["polyakov_re"]), 0.0)
    wanted |= expected("polyakov_im", estimate(series["polyakov_im"]), 0.0)
    wanted |= expected("polyakov_abs", estimate(series["polyakov_abs"]), None)
    for (r, t), samples in w.items():
        wanted |= expected(f"wilson_loop_{r}x{t}", estimate(samples), float(exact.wilson_loop(r, t)))
    creutz = derived(
        lambda a, b, c, d: np.log(c) + np.log(d) - np.log(a) - np.log(b), w[2, 2], w[1, 1], w[2, 1], w[1, 2]
    )
    wanted |= expected("creutz_ratio_2x2", creutz, float(exact.creutz_ratio(2, 2)))
    wanted |= expected("charge", estimate(series["charge"]), 0.0)
    wanted |= expected("charge_squared", estimate(series["charge"] ** 2), float(exact.charge_squared))
    scales = flow_scales(np.linspace(0, 0.4, 5), series["gradient_flow"])
    for name, found in scales.items():
        wanted |= expected(name, found, None)
    assert numbers(report["observables"]) == pytest.approx(wanted, rel=1e-12)
    assert creutz.value == pytest.approx(-np.log(0.9 * 0.5 / (0.8 * 0.6)), abs=0.01)
    late = {"acceptance": acceptance[WARMUP:].T, "exp_minus_dh": np.exp(-violation[WARMUP:]).T}
    for name, one in (("acceptance", None), ("exp_minus_dh", 1.0)):
        found = expected(name, estimate(late[name]), one) | {f"{name}.count": 60 * CHAINS}
        assert numbers({name: report["sampling"][name]}) == pytest.approx(found, rel=1e-12)
    rest = {key: value for key, value in report.items() if key not in ("observables", "sampling")}
    assert numbers(rest) == {
        "shape.0": 4,
        "shape.1": 6,
        **numbers(made.config.action.model_dump(), "action"),
        **numbers(made.config.sampler.model_dump(), "sampler"),
        "chains": CHAINS,
        "measurements": ROWS,
        "interval": INTERVAL,
        "seed": 9,
    }


def test_scales_of_a_known_curve() -> None:
    """<t^2 E> = 2 t^2 and no noise: 0.3 at t0 = sqrt(0.15), and t d/dt = 4 t^2 = 0.3 at w0^2 = sqrt(0.075)."""
    times = np.linspace(0, 1, 2001)
    t2e = np.tile(2 * times**2, (2, 6, 1))
    found = flow_scales(times, t2e)
    assert found["t0"].value == pytest.approx(0.15**0.5, abs=1e-6)
    assert found["w0"].value == pytest.approx(0.075**0.25, abs=1e-6)
    assert flow_scales(times, 0.05 * t2e) == {}


def test_errors_of_scales_follow_from_those_of_the_curve() -> None:
    """Curves (2 + c) t^2 with c of variance s^2: t0 = sqrt(0.3 / (2 + c)), its error (s / 4) t0 / sqrt(n)."""
    times, c = np.linspace(0, 1, 2001), 0.1 * np.random.default_rng(1).normal(size=(8, 200))
    c -= c.mean()
    found = flow_scales(times, (2 + c)[..., None] * times**2)
    assert found["t0"].value == pytest.approx(0.15**0.5, abs=1e-6)
    assert found["t0"].error == pytest.approx(0.15**0.5 * c.std() / 4 / c.size**0.5, rel=0.1)
    assert found["w0"].error == pytest.approx(0.075**0.25 * c.std() / 8 / c.size**0.5, rel=0.1)


def section(name: str, **keys: Any) -> Any:
    entry: Any = TypeAdapter(ObservableConfig).validate_python({"name": name, **keys})
    return entry


def test_columns_are_those_of_the_field() -> None:
    """Links of one angle along each axis: plaquettes are 1, a Polyakov loop along four sites turns by four of them."""
    links = torch.zeros(2, 2, 3, 4, dtype=torch.float64)
    links[0, 1], links[1, 0] = 0.3, 0.5
    found = section("polyakov").measure(links)
    assert found["polyakov_re"].tolist() == pytest.approx([np.cos(1.2), 1.0])
    assert found["polyakov_im"].tolist() == pytest.approx([np.sin(1.2), 0.0], abs=1e-12)
    assert found["polyakov_abs"].tolist() == pytest.approx([1.0, 1.0])
    assert section("plaquette").measure(links)["plaquette"].tolist() == pytest.approx([1.0, 1.0])
    links[:, 0, :, 1] += 0.2  # two rows of plaquettes with the angles -0.2 and 0.2, and two with none
    mean = (1 + np.cos(0.2)) / 2
    assert section("plaquette").measure(links)["plaquette"].tolist() == pytest.approx([mean, mean])
    loops = section("wilson_loops", r=2, t=1).measure(links)["wilson_loops"]
    assert loops[:, :, 0].tolist() == [pytest.approx([mean, (1 + np.cos(0.4)) / 2])] * 2


def test_columns_of_scalars_are_those_of_the_field() -> None:
    phi = torch.tensor([[1.0, -2.0, 3.0, 0.0], [-1.0, -1.0, 0.0, 0.0]], dtype=torch.float64).view(2, 2, 2)
    found = section("magnetization").measure(phi) | section("phi_squared").measure(phi)
    assert {name: values.tolist() for name, values in found.items()} == {
        "magnetization": [0.5, -0.5],
        "magnetization_abs": [0.5, 0.5],
        "susceptibility": [1.0, 1.0],
        "phi_squared": [3.5, 0.5],
    }


@pytest.mark.parametrize("definition", ["clover", "plaquette"])
def test_a_charge_is_that_of_the_field_after_its_flow(definition: str) -> None:
    """Measured on the way or not; half of the time gives another one."""
    links = hot_start("su2", (4, 4, 4, 4), torch.Generator().manual_seed(1), chains=2)
    keys = {"name": "charge", "definition": definition, "flow_time": 0.4, "epsilon": 0.05}
    entry: Any = TypeAdapter(ObservableConfig).validate_python(keys)
    charge = {"clover": charge_clover, "plaquette": charge_plaquette}[definition]
    at = {time: charge(gradient_flow(links, time, 0.05).links) for time in (0.2, 0.4)}
    torch.testing.assert_close(entry.measure(links)["charge"], at[0.4], rtol=1e-9, atol=1e-9)
    assert bool(((at[0.4] - at[0.2]).abs() > 1e-3).all())
