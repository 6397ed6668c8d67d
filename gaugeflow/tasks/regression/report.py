"""The numbers of a regression: errors of all networks on every lattice, beside the baseline's."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from gaugeflow.errors import UserError
from gaugeflow.runs import Metrics
from gaugeflow.tasks.regression.config import RegressionConfig
from gaugeflow.tasks.table import format_table

__all__ = ["lattice_name", "misses", "regression_markdown", "regression_report"]


def lattice_name(shape: list[int]) -> str:
    """`8x8`."""
    return "x".join(map(str, shape))


def misses(bar: float, errors: Iterable[float]) -> bool:
    """Whether an error is above the bar or no number."""
    return not all(error <= bar for error in errors)


def regression_report(
    config: RegressionConfig,
    metrics: Metrics,
    outcomes: list[dict[str, Any]],
    parameters: int,
    parameters_baseline: int,
) -> dict[str, Any]:
    """Plain values for `report.json`. Raises UserError before all networks have been tested."""
    rows = metrics.columns("measurements")
    names = [lattice_name(shape) for shape in config.test_shapes]
    if len(rows.get("network", ())) < len(names) * config.seeds:
        raise UserError("expected tested networks to report, the run is still at the training or the tests")
    truth = rows["truth"]  # (lattices * networks, configurations), the lattices one after the other
    errors, errors_baseline = (
        ((rows[key] - truth) ** 2).mean(1).reshape(len(names), config.seeds) for key in ("prediction", "baseline")
    )
    networks = [
        {
            "mse": _by_name(names, errors[:, number]),
            "mse_baseline": _by_name(names, errors_baseline[:, number]),
            **outcome,
        }
        for number, outcome in enumerate(outcomes)
    ]
    return {
        "group": config.group,
        "target": config.target.model_dump(),
        "shape": config.shape,
        "betas": config.fields.betas,
        "mse": _by_name(names, np.median(errors, 1)),
        "mse_worst": _by_name(names, errors.max(1)),
        "mse_baseline": _by_name(names, np.median(errors_baseline, 1)),
        "variance": _by_name(names, truth.var(1).reshape(errors.shape).mean(1)),
        "parameters": parameters,
        "parameters_baseline": parameters_baseline,
        "seeds": config.seeds,
        "seeds_failed": sum(misses(config.bar, network["mse"].values()) for network in networks),
        "bar": config.bar,
        "networks": networks,
        "configurations": int(truth.shape[1]),
        "seed": config.seed,
        "convention": config.target.convention,
    }


def _by_name(names: list[str], values: np.ndarray) -> dict[str, float]:
    return dict(zip(names, map(float, values), strict=True))


def regression_markdown(report: dict[str, Any]) -> str:
    """`report.md`: for each lattice the median and the worst network, the baseline, the variance; then the networks."""
    columns = ("mse", "mse_worst", "mse_baseline", "variance")
    rows = [[name, *(f"{report[column][name]:.2e}" for column in columns)] for name in report["mse"]]
    head = ["lattice", "median mse", "worst mse", "median mse of baseline", "variance of target"]
    each = [
        [
            str(number),
            *(f"{value:.2e}" for value in network["mse"].values()),
            str(network["attempts"]),
            str(network["steps"]),
        ]
        for number, network in enumerate(report["networks"])
    ]
    each_head = ["network", *(f"mse {name}" for name in report["mse"]), "attempts", "steps"]
    target = ", ".join(map(str, report["target"].values()))
    return (
        f"# {report['group']}, {target}, trained on {lattice_name(report['shape'])}\n\n"
        f"{format_table(head, rows)}\n"
        f"Mean squared errors over {report['configurations']} configurations of the mean over the lattice; "
        f"{report['convention']}. {report['seeds']} networks of {report['parameters']} parameters with their own "
        f"fields and initial weights, {report['seeds_failed']} above {report['bar']:.0e} on some lattice; the baseline "
        f"has {report['parameters_baseline']} parameters.\n\n{format_table(each_head, each)}"
    )
