"""The figures of the task `flow`, each from what the run has recorded so far."""

from pathlib import Path

import numpy as np

from gaugeflow.plots.figure import BLUE, GREY, figure
from gaugeflow.plots.flow.training import plot_training, plot_volumes, plot_weights
from gaugeflow.runs import Metrics
from gaugeflow.tasks.estimates import chains_first
from gaugeflow.tasks.exact import exact_solution
from gaugeflow.tasks.flow.config import FlowConfig
from gaugeflow.tasks.flow.report import BESIDE, flow_series, volume_rows

__all__ = ["plot_flow_run", "plot_in_turn"]

SHOWN = 1000


def plot_flow_run(directory: Path, config: FlowConfig, metrics: Metrics) -> list[Path]:
    """Writes every figure that the run has the numbers for; returns the paths."""
    figures: list[Path] = []
    training, flow = metrics.columns("training"), metrics.columns("flow")
    if training:
        solution = exact_solution(config)
        path = directory / "training.png"
        known = float(solution.log_z) if solution and config.equilibrium is None else None
        plot_training(path, training["step"], training["loss"], training["ess"], known)
        figures.append(path)
    if flow:
        figures += [_weights(directory, metrics), *_history(directory, config, metrics)]
        figures += _volumes(directory, config, metrics)
    return figures


def _weights(directory: Path, metrics: Metrics) -> Path:
    log_w = metrics.columns("flow")["log_weight"].ravel()
    forward = [metrics.columns(name).get("log_weight") for name in BESIDE]
    known = [values.ravel() for values in forward if values is not None]
    path = directory / "weights.png"
    effective = np.exp(log_w - log_w.max())
    ess = effective.sum() ** 2 / (log_w.size * (effective**2).sum())
    plot_weights(path, log_w, known[0] if known else None, float(ess))
    return path


def _history(directory: Path, config: FlowConfig, metrics: Metrics) -> list[Path]:
    """The charge where it is measured, else the first number, in a Metropolis chain and in hybrid Monte Carlo."""
    beside = chains_first(metrics.columns("hmc"))
    names = [name for entry in config.observables for name in entry.columns if beside.get(name, np.empty(0)).ndim == 2]
    if not names:
        return []
    name = "charge" if "charge" in names else names[0]
    path = directory / f"{name}.png"
    series, _ = flow_series(metrics.columns("flow"))
    plot_in_turn(path, name.replace("_", " "), {"flow": series[name][0], "HMC": beside[name][0]})
    return [path]


def _volumes(directory: Path, config: FlowConfig, metrics: Metrics) -> list[Path]:
    rows = [row for row in volume_rows(config, metrics) if row["ess"] is not None]
    if len(rows) < 2:
        return []
    path = directory / "volumes.png"
    sites = np.array([np.prod(row["shape"]) for row in rows])
    plot_volumes(path, sites, np.array([row["ess"] for row in rows]), np.array([row["ess_error"] for row in rows]))
    return [path]


def plot_in_turn(path: Path, name: str, series: dict[str, np.ndarray]) -> None:
    """Histories `(n,)` one below the other on one scale, as many steps of each."""
    shown = min(SHOWN, *(len(values) for values in series.values()))
    with figure(path, 7.0, 1.9 * len(series)) as canvas:
        panels = np.atleast_1d(canvas.subplots(len(series), 1, sharex=True, sharey=True))
        for axes, (label, values), colour in zip(panels, series.items(), (BLUE, GREY), strict=False):
            axes.plot(np.arange(shown), values[:shown], color=colour, linewidth=0.9, drawstyle="steps-mid")
            axes.set(ylabel=name, xlim=(0, shown))
            axes.set_title(f"{label}, {shown} steps of one chain")
        panels[-1].set_xlabel("step of the chain")
