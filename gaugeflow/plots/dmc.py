"""The figures of diffusion Monte Carlo: the energy against the time step, and the populations by generations."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from gaugeflow.plots.figure import BLUE, GREY, INK, figure, label_exact
from gaugeflow.runs import Metrics
from gaugeflow.tasks.dmc.config import DMCConfig
from gaugeflow.tasks.dmc.report import by_time_step, energies_by_time_step, equilibrated
from gaugeflow.wavefunctions.diffusion.extrapolation import extrapolated

__all__ = ["plot_dmc"]

SHOWN = 60
"""Intervals of generations over which energies are averaged for the figure."""
ROOM = 0.35
"""Above what is drawn, for the legend, as a share of it."""
SHADES = (1.0, 0.65, 0.4, 0.25)


def plot_dmc(directory: Path, config: DMCConfig, metrics: Metrics) -> list[Path]:
    """Writes what there is and returns the paths: energies of all time steps with the polynomial through them, once
    all populations are measured, and their histories."""
    rows = metrics.columns("generations")
    reference = config.system.build().reference
    known = None if reference is None else reference.energy
    paths = []
    if len(rows["energy"]) > max(equilibrated(config)):
        paths.append(directory / "time_steps.png")
        _draw_time_steps(paths[-1], config, rows, known)
    paths.append(directory / "generations.png")
    _draw_generations(paths[-1], config, by_time_step(config, rows)["energy"].mean(1), known)
    return paths


def _draw_time_steps(path: Path, config: DMCConfig, rows: dict[str, np.ndarray], known: float | None) -> None:
    steps, found = np.array(config.time_steps), energies_by_time_step(config, rows)
    values, errors = (np.array([getattr(own, name) for own in found]) for name in ("value", "error"))
    errors = np.nan_to_num(errors)
    line = extrapolated(steps, values, errors, config.degree)
    along = np.linspace(0, 1.05 * steps.max(), 100)
    with figure(path, 6.0, 3.8) as canvas:
        axes = canvas.subplots()
        axes.plot(along, line.at(along), color=GREY, linewidth=1.0, zorder=0)
        axes.errorbar(steps, values, errors, fmt="o", color=BLUE, label="mixed estimator")
        axes.errorbar([0], [line.value], [line.error], fmt="s", color=INK, label="extrapolated")
        axes.set(xlabel="time step (1/hartree)", ylabel="energy (Hartree)")
        axes.ticklabel_format(useOffset=False)
        _label_known(axes, known)


def _draw_generations(path: Path, config: DMCConfig, energies: np.ndarray, known: float | None) -> None:
    """Means of each time step ``(K, n)`` over intervals of generations; all are measured right of the line."""
    count = energies.shape[1]
    length = max(1, count // SHOWN)
    whole = energies[:, : count // length * length].reshape(len(energies), -1, length).mean(2)
    middles = length * (np.arange(whole.shape[1]) + 0.5)
    with figure(path, 7.0, 3.8) as canvas:
        axes = canvas.subplots()
        for k, tau in enumerate(config.time_steps):
            axes.plot(middles, whole[k], color=BLUE, alpha=SHADES[k % len(SHADES)], label=f"time step {tau:g}")
        axes.axvline(max(equilibrated(config)), color=GREY, linewidth=0.8)
        axes.ticklabel_format(useOffset=False)
        axes.set(xlabel="generation", ylabel=f"energy of {length} generations (Hartree)")
        _label_known(axes, known)


def _label_known(axes: Axes, known: float | None) -> None:
    if known is not None:
        label_exact(axes, known, f"reference {known:.7g}")
    low, high = axes.get_ylim()
    axes.set_ylim(top=high + ROOM * (high - low))
    axes.legend(loc="upper center", ncols=2)
