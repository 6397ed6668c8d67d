"""What stands in the report of a flow, from weights and fields that are known."""

import json
from typing import Any

import numpy as np
import pytest

from gaugeflow import runs
from gaugeflow.flows import Work, both_directions
from gaugeflow.lattice.exact import Exact2D
from gaugeflow.montecarlo.errors import Estimate, derived, estimate
from gaugeflow.tasks import Flow
from gaugeflow.tasks.flow.report import BURN_IN, CHAINS, flow_series
from tests.tasks.flow.test_task import begun
from tests.tasks.numbers import numbers

ROWS, CHUNK, INTERVAL = 6, 200, 3
SAMPLES = ROWS * CHUNK
CONFIG: dict[str, Any] = {
    "task": "flow",
    "seed": 4,
    "group": "u1",
    "shape": [4, 4],
    "action": {"name": "wilson", "beta": 1.0},
    "model": {"name": "identity"},
    "training": {"steps": 0},
    "report": {
        "samples": SAMPLES,
        "chunk": CHUNK,
        "shapes": [[2, 4]],
        "samplers": ["exact", "hmc"],
        "reference": {"chains": 3, "measurements": 40, "interval": INTERVAL},
        "observables": ["plaquette", {"name": "wilson_loops", "r": 1, "t": 2}],
    },
}
EXACT = Exact2D("u1", (4, 4), 1.0)
KNOWN = {
    "plaquette": float(EXACT.plaquette),
    "wilson_loop_1x1": float(EXACT.wilson_loop(1, 1)),
    "wilson_loop_1x2": float(EXACT.wilson_loop(1, 2)),
}


def fields(draws: np.random.Generator, *size: int) -> dict[str, np.ndarray]:
    """Columns of observables, `(*size, ...)`."""
    return {
        "plaquette": 0.45 + 0.1 * draws.normal(size=size),
        "wilson_loops": np.array([[0.45, 0.2]]) + 0.1 * draws.normal(size=(*size, 1, 2)),
    }


def known_tables() -> dict[str, dict[str, np.ndarray]]:
    draws = np.random.default_rng(8)
    uniform = draws.random((ROWS, CHUNK))
    flow = {"log_weight": 0.8 * draws.normal(size=(ROWS, CHUNK)) - 3, "uniform": uniform, **fields(draws, ROWS, CHUNK)}
    exact = {"log_weight": 0.8 * draws.normal(size=(20, 5)) - 2, **fields(draws, 20, 5)}
    return {
        "training": {"step": np.arange(150), "loss": np.arange(150.0), "ess": np.arange(150) / 150},
        "flow": flow,
        "flow_time": {"seconds": np.array([9.0, 0.5, 0.5, 0.5, 0.4, 0.6]), "fields": np.full(ROWS, CHUNK)},
        "exact": exact,
        "exact_time": {"seconds": np.full(20, 0.25), "fields": np.full(20, 5)},
        "hmc": fields(draws, 40, 3),
        "hmc_time": {"seconds": np.full(40, 0.125), "fields": np.full(40, 3)},
        "flow_2x4": {"log_weight": 0.3 * draws.normal(size=(ROWS, CHUNK))},
    }


def chain(log_w: np.ndarray, uniform: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where an independence Metropolis chain stands after each proposal, and which it took: one after the other."""
    places, taken = [0], [False]
    for step in range(1, len(log_w)):
        accepted = uniform[step] < np.exp(log_w[step] - log_w[places[-1]])
        places.append(step if accepted else places[-1])
        taken.append(bool(accepted))
    return np.array(places), np.array(taken)


def chains(flow: dict[str, np.ndarray]) -> tuple[dict[str, np.ndarray], float]:
    """The series of every observable in four chains of all samples, without the first 5 %, and the acceptance."""
    each = SAMPLES // 4
    flat = {name: values.reshape(-1, *values.shape[2:]) for name, values in flow.items()}
    series: dict[str, list[np.ndarray]] = {"plaquette": [], "wilson_loops": []}
    accepted = []
    for number in range(4):
        mine = {name: values[number * each : (number + 1) * each] for name, values in flat.items()}
        places, taken = chain(mine["log_weight"], mine["uniform"])
        accepted.append(taken[each // 20 :])
        for name in series:
            series[name].append(mine[name][places[each // 20 :]])
    return {name: np.stack(values) for name, values in series.items()}, float(np.mean(accepted))


def estimates(series: dict[str, np.ndarray]) -> dict[str, Estimate]:
    loops = series["wilson_loops"]
    return {
        "plaquette": estimate(series["plaquette"]),
        "wilson_loop_1x1": estimate(loops[:, :, 0, 0]),
        "wilson_loop_1x2": estimate(loops[:, :, 0, 1]),
    }


def row(name: str, found: Estimate) -> dict[str, float]:
    exact = KNOWN[name]
    return {
        "value": found.value,
        "error": found.error,
        "tau_int": found.tau_int,
        "tau_int_error": found.tau_int_error,
        "count": found.count,
        "exact": exact,
        "deviation": (found.value - exact) / found.error,
    }


def made_with(tables: dict[str, dict[str, np.ndarray]], **changes: Any) -> tuple[Flow, runs.Metrics]:
    made, metrics = Flow.of(runs.Source(json.dumps({**CONFIG, **changes}), "test.yaml")), runs.Metrics()
    made.begin()
    made.trainer.seconds = 4.5
    for table, columns in tables.items():
        for index in range(len(next(iter(columns.values())))):
            metrics.record(table, {name: values[index] for name, values in columns.items()})
    return made, metrics


def beside(series: dict[str, np.ndarray], rate: float, interval: int, independent: bool = False) -> dict[str, Any]:
    """Fields per second are updates; independent ones lie two autocorrelation times apart."""
    times = {name: found.tau_int for name, found in estimates(series).items()}
    tau = 0.5 if independent else max(times.values())
    return {
        "per_second": rate * interval,
        "tau_int": tau * interval,
        "independent_per_second": rate / (2 * tau),
        "tau_int_by_observable": times,
    }


def test_every_number_of_the_report() -> None:
    tables = known_tables()
    made, metrics = made_with(tables)
    report = made.report(metrics)
    report.pop("step_error")  # has its tests beside those of the steps
    log_w, w = tables["flow"]["log_weight"].ravel(), np.exp(tables["flow"]["log_weight"].ravel())
    forward, other = tables["exact"]["log_weight"].T, np.exp(tables["flow_2x4"]["log_weight"].ravel())
    series, acceptance = chains(tables["flow"])
    measured = estimates(series)
    ess, ess_other = (derived(lambda a, b: a * a / b, x, x * x) for x in (w, other))
    ess_forward = derived(lambda a, b: 1 / (a * b), np.exp(forward), np.exp(-forward))
    log_z, log_z_forward = derived(np.log, w), derived(lambda a: -np.log(a), np.exp(-forward))
    plaquette = derived(lambda a, b: a / b, w * tables["flow"]["plaquette"].ravel(), w)
    swapped = {name: {key: x.swapaxes(0, 1) for key, x in tables[name].items()} for name in ("exact", "hmc")}
    errors = both_directions(ess.error, SAMPLES, ess_forward.error, 100)
    expected: dict[str, Any] = {
        "shape": [4, 4],
        "action": made.config.action.model_dump(),
        "parameters": 0,
        "train_seconds": 4.5,
        "samples": SAMPLES,
        "ess": ess.value,
        "ess_error": errors[0],
        "log_z": log_z.value,
        "log_z_error": log_z.error,
        "log_z_exact": float(EXACT.log_z),
        "kl": log_z.value - log_w.mean(),
        "reweighted": {"plaquette": row("plaquette", plaquette)},
        "ess_forward": ess_forward.value,
        "ess_forward_error": errors[1],
        "ess_forward_samples": 100,
        "log_z_forward": log_z_forward.value,
        "log_z_forward_error": log_z_forward.error,
        "acceptance": acceptance,
        "observables": {name: row(name, found) for name, found in measured.items()},
        "beside": {
            "flow": beside(series, CHUNK / 0.5, 1),
            "exact": beside(swapped["exact"], 5 / 0.25, 1, independent=True),
            "hmc": beside(swapped["hmc"], 3 / 0.125, INTERVAL),
        },
        "volumes": [
            {"shape": [4, 4], "ess": ess.value, "ess_error": ess.error, "samples": SAMPLES},
            {"shape": [2, 4], "ess": ess_other.value, "ess_error": ess_other.error, "samples": SAMPLES},
        ],
        "training": {"steps": 150, "loss": np.arange(50, 150).mean(), "ess": np.arange(50, 150).mean() / 150},
        "seed": 4,
        "tau_int": max(found.tau_int for found in measured.values()),
        "plaquette": plaquette.value,
        "plaquette_error": plaquette.error,
        "plaquette_exact": KNOWN["plaquette"],
    }
    assert numbers(report) == pytest.approx(numbers(expected), rel=1e-9)
    assert report["ess_forward_from"] == "exact"
    assert 0.3 < acceptance < 0.8


def test_chains_of_a_flow_leave_out_their_burn_in() -> None:
    """A column that counts the samples: no chain shows any of its first 5 %, each begins where its share does."""
    tables = known_tables()["flow"]
    columns = {
        "log_weight": np.zeros_like(tables["log_weight"]),
        "uniform": tables["uniform"],
        "count": np.arange(SAMPLES, dtype=float).reshape(ROWS, CHUNK),
    }
    series, accepted = flow_series(columns)
    assert (CHAINS, BURN_IN) == (4, 0.05)
    assert accepted.all()  # equal weights: every proposal is taken
    each = SAMPLES // CHAINS
    wanted = np.arange(SAMPLES).reshape(CHAINS, each)[:, each // 20 :]
    np.testing.assert_array_equal(series["count"], wanted)


def test_rows_of_the_training_are_those_of_its_steps() -> None:
    """Gradient descent with half the rate in its first step and a clipped gradient: the change of the one parameter."""
    training = {
        "steps": 2,
        "batch": 64,
        "clip": 0.01,
        "optimizer": {"name": "sgd", "rate": 0.2},
        "schedule": {"name": "constant", "warmup": 1},
        "anneal": {"start": 0.25, "steps": 1},
    }
    made, record, changes = begun(training=training), runs.Record(), []
    for index in range(3):
        before = float(made.flow.flows[0].a.detach())
        made.step(index, record)
        changes.append(float(made.flow.flows[0].a.detach()) - before)
    rows = record.metrics.columns("training")
    assert changes == pytest.approx([0.0, 0.1 * 0.01, 0.2 * 0.01])  # the width grows towards sigma
    assert rows["rate"].tolist() == pytest.approx([0.1, 0.2])
    assert rows["scale"].tolist() == pytest.approx([0.25, 1.0])
    assert (rows["gradient"] > 0.1).all()
    assert rows["step"].tolist() == [0, 1]
    assert ((rows["ess"] > 0) & (rows["ess"] <= 1)).all()


def test_numbers_of_the_layers_of_a_stochastic_flow() -> None:
    """What they are worth without the updates, from weights of their own."""
    tables = known_tables()
    tables["layers"] = {"log_weight": 0.5 * np.random.default_rng(3).normal(size=(ROWS, CHUNK))}
    updates = {"times": [0.5, 1.0], "density": "target", "sampler": {"name": "heatbath"}, "count": 3}
    made, metrics = made_with(tables, stochastic={"updates": [updates]})
    report, w = made.report(metrics), np.exp(tables["layers"]["log_weight"].ravel())
    ess = derived(lambda a, b: a * a / b, w, w * w)
    expected = {"ess": ess.value, "ess_error": ess.error, "samples": SAMPLES}
    assert numbers(report["layers_alone"]) == pytest.approx(expected)
    assert report["stochastic"]["updates"][0]["times"] == [0.5, 1.0]
    log_w = tables["flow"]["log_weight"].ravel()
    lost, w = derived(lambda a, b: np.log(a) - b, np.exp(log_w), log_w), np.exp(log_w)
    ess = derived(lambda a, b: a * a / b, w, w * w).value
    expected = {"updates": 6, "variance": log_w.var(ddof=1), "ess_per_update": ess / 6}
    expected |= {"dissipated": lost.value, "dissipated_error": lost.error}
    both = Work(log_w, 6, tables["exact"]["log_weight"].T.ravel()).log_z
    assert both.keys() == {"forward", "reverse", "bennett", "crossing"}
    pairs = {f"log_z.{name}.{k}": v for name, found in both.items() for k, v in enumerate((found.value, found.error))}
    assert numbers(report["work"]) == pytest.approx(expected | pairs)
    assert report["work"]["log_z"]["reverse"][0] == pytest.approx(report["log_z_forward"])
    tables["flow"]["resampled"] = np.arange(float(SAMPLES)).reshape(ROWS, CHUNK)
    made, metrics = made_with(tables, stochastic={"updates": [updates], "resample": {"population": 4}})
    again = numbers(made.report(metrics)["work"])
    assert (again["updates"], again["resampled"]) == (24, (SAMPLES - 1) / 2)
    assert again["ess_per_update"] == pytest.approx(ess / 24)


def test_numbers_of_a_density_that_is_averaged() -> None:
    """What its average wins is a column of its own samples, which is no observable."""
    tables, draws = known_tables(), np.random.default_rng(3)
    tables["layers"] = {"log_weight": 0.5 * draws.normal(size=(ROWS, CHUNK))}
    won = draws.random((ROWS, CHUNK))
    tables["flow"]["distance_won"] = won
    model = {"name": "symmetrized", "base": "u1_2d_8_coupling", "group": "hypercubic * charge", "elements": 8}
    made, metrics = made_with(tables, model=model, shape=[8, 8], report=CONFIG["report"] | {"shapes": []})
    report, log_w = made.report(metrics), tables["flow"]["log_weight"].ravel()
    ess, alone = (
        derived(lambda a, b: a * a / b, np.exp(x), np.exp(2 * x))
        for x in (log_w, tables["layers"]["log_weight"].ravel())
    )
    found = {key: report[key] for key in ("ess_symmetrized", "ess_symmetrized_error", "kl_won", "kl_won_error")}
    of_column = estimate(won.ravel())
    assert found == pytest.approx(
        {
            "ess_symmetrized": ess.value,
            "ess_symmetrized_error": ess.error,
            "kl_won": of_column.value,
            "kl_won_error": of_column.error,
        }
    )
    assert report["symmetrized"] == {"elements": 8, "order": 16, "invariant_under": "hypercubic"}
    assert report["layers_alone"]["ess"] == pytest.approx(alone.value)
    assert set(report["reweighted"]) == {"plaquette"}
    tables["flow"]["log_weight"][0, 0] = 100.0  # one weight is nearly all
    made, metrics = made_with(tables, model=model, shape=[8, 8], report=CONFIG["report"] | {"shapes": []})
    collapsed = made.report(metrics)
    assert (collapsed["ess_symmetrized"], collapsed["ess_symmetrized_error"]) == (None, None)
