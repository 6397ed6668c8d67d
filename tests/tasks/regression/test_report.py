"""What stands in the report of a regression, from predictions that are known."""

import numpy as np
import pytest

from gaugeflow import runs
from gaugeflow.tasks.regression.report import regression_report
from tests.tasks.numbers import numbers
from tests.tasks.regression.test_task import BASE, task

SHAPES, NETWORKS, FIELDS, BAR = ["4x4", "4x6"], 3, 6, 0.02


def test_every_number_of_the_report() -> None:
    made, metrics, draws = task(seeds=NETWORKS, bar=BAR), runs.Metrics(), np.random.default_rng(3)
    truth = draws.normal(size=(2, NETWORKS, FIELDS))
    # Of the three networks the second misses the bar on the larger lattice alone
    off = np.array([[0.1, 0.05, 0.02], [0.12, 0.5, 0.03]])[..., None] * np.ones(FIELDS)
    off_baseline = np.array([[0.7, 0.6, 0.9], [0.4, 0.8, 0.5]])[..., None] * np.ones(FIELDS)
    for lattice in range(2):
        for number in range(NETWORKS):
            place = lattice, number
            row = {"prediction": truth[place] + off[place], "baseline": truth[place] - off_baseline[place]}
            metrics.record("measurements", {"lattice": lattice, "network": number, "truth": truth[place], **row})
    outcomes = [{"attempts": 1 + n, "steps": 10 * n, "validation": 0.1 * n} for n in range(NETWORKS)]
    report = regression_report(made.config, metrics, outcomes, 11, 12)
    mse, baseline = off[..., 0] ** 2, off_baseline[..., 0] ** 2
    expected: dict[str, float] = {
        "shape.0": 4,
        "shape.1": 4,
        **{f"betas.{place}": beta for place, beta in enumerate(BASE["fields"]["betas"])},
        "parameters": 11,
        "parameters_baseline": 12,
        "seeds": NETWORKS,
        "seeds_failed": 1,
        "bar": BAR,
        "configurations": FIELDS,
        "seed": BASE["seed"],
    }
    for place, name in enumerate(SHAPES):
        expected |= {
            f"mse.{name}": sorted(mse[place])[1],
            f"mse_worst.{name}": max(mse[place]),
            f"mse_baseline.{name}": sorted(baseline[place])[1],
            f"variance.{name}": np.mean([row.var() for row in truth[place]]),
        }
        for number in range(NETWORKS):
            expected[f"networks.{number}.mse.{name}"] = mse[place, number]
            expected[f"networks.{number}.mse_baseline.{name}"] = baseline[place, number]
    for number, outcome in enumerate(outcomes):
        expected |= {f"networks.{number}.{key}": value for key, value in outcome.items()}
    assert numbers(report) == pytest.approx(expected, rel=1e-9)
