"""The figure of the task `regression`: predictions against truth, and how far they are off."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from gaugeflow.plots.figure import BLUE, GREY, INK, ORANGE, figure
from gaugeflow.runs import Metrics
from gaugeflow.tasks.regression.report import lattice_name
from gaugeflow.tasks.regression.task import RegressionConfig

__all__ = ["plot_regression"]

LEAST = 1e-17
"""Where errors that vanish are drawn on a logarithmic axis: below the rounding of the target."""


def plot_regression(directory: Path, config: RegressionConfig, metrics: Metrics) -> list[Path]:
    """For each lattice that was tested one figure with all its configurations and networks; returns the paths."""
    rows = metrics.columns("measurements")
    paths = []
    for place, shape in enumerate(config.test_shapes):
        tested = {key: rows[key][rows["lattice"] == place].ravel() for key in ("truth", "prediction", "baseline")}
        if len(tested["truth"]) == 0:
            continue
        paths.append(directory / f"prediction_{lattice_name(shape)}.png")
        _draw(paths[-1], f"{config.target.convention}, {lattice_name(shape)}", **tested)
    return paths


def _draw(path: Path, title: str, truth: np.ndarray, prediction: np.ndarray, baseline: np.ndarray) -> None:
    """Left prediction against truth, right the distance of both on a logarithmic axis."""
    with figure(path, 8.0, 3.8) as canvas:
        left, right = canvas.subplots(1, 2)
        ends = [truth.min(), truth.max()]
        left.plot(ends, ends, color=INK, linewidth=0.8, zorder=0)
        left.set(xlabel="truth", ylabel="prediction")
        left.set_title(title, loc="left", fontsize=9)
        right.set(xlabel="truth", ylabel="|prediction - truth|", yscale="log")
        _points(left, truth, baseline, prediction)
        _points(right, truth, *(np.maximum(np.abs(values - truth), LEAST) for values in (baseline, prediction)))
        right.legend(loc="center")


def _points(axes: Axes, truth: np.ndarray, baseline: np.ndarray, prediction: np.ndarray) -> None:
    axes.plot(truth, baseline, "s", color=GREY, markersize=3, alpha=0.7, label="convolutions of the links")
    axes.plot(truth, prediction, "o", color=BLUE, markersize=3, markeredgecolor=ORANGE, label="gauge equivariant")
