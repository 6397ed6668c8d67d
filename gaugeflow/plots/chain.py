"""The figures of the task `chain`, each from what its observables have measured."""

from pathlib import Path

import numpy as np

from gaugeflow.lattice.exact import Exact2D
from gaugeflow.montecarlo.errors import derived, estimate
from gaugeflow.plots.autocorrelation import plot_autocorrelation
from gaugeflow.plots.gradient_flow import plot_flow
from gaugeflow.plots.history import plot_charge, plot_history
from gaugeflow.plots.potential import plot_potential
from gaugeflow.runs import Metrics
from gaugeflow.tasks.chain.task import ChainConfig
from gaugeflow.tasks.estimates import chains_first
from gaugeflow.tasks.exact import exact_solution
from gaugeflow.tasks.observables import GradientFlow, ObservableConfig

__all__ = ["plot_chain"]

Columns = dict[str, np.ndarray]


def plot_chain(directory: Path, config: ChainConfig, metrics: Metrics) -> list[Path]:
    """Writes every figure that the measured observables allow; returns the paths."""
    columns = chains_first(metrics.columns("measurements"))
    solution = exact_solution(config)
    figures = [_histories(directory, config, columns, solution), _autocorrelations(directory, config, columns)]
    for entry in config.observables:
        if entry.name == "charge":
            figures.append(_charge(directory, config, columns, solution))
        elif entry.name == "wilson_loops":
            figures.append(_potential(directory, columns, solution))
        elif isinstance(entry, GradientFlow):
            figures.append(_flow(directory, entry, columns))
    return [path for path in figures if path is not None]


def _first_number(config: ChainConfig, columns: Columns) -> tuple[ObservableConfig, str] | None:
    """The first observable that is a number per configuration; in practice the plaquette."""
    numbers = ((entry, name) for entry in config.observables for name in entry.columns if columns[name].ndim == 2)
    return next(numbers, None)


def _histories(directory: Path, config: ChainConfig, columns: Columns, solution: Exact2D | None) -> Path | None:
    found = _first_number(config, columns)
    if found is None:
        return None
    entry, name = found
    exact = entry.exact(solution).get(name) if solution else None
    path = directory / f"{name}.png"
    plot_history(path, name.replace("_", " "), columns[name], config.interval, exact)
    return path


def _autocorrelations(directory: Path, config: ChainConfig, columns: Columns) -> Path | None:
    found = _first_number(config, columns)
    names = [] if found is None else [found[1]]
    series = {name: columns[name] for name in names}
    if "charge" in columns:
        series["charge squared"] = columns["charge"] ** 2
    moving = {name: values for name, values in series.items() if np.ptp(values) > 0 and values.shape[1] >= 5}
    if not moving:
        return None
    path = directory / "autocorrelation.png"
    plot_autocorrelation(path, {name.replace("_", " "): values for name, values in moving.items()}, config.interval)
    return path


def _charge(directory: Path, config: ChainConfig, columns: Columns, solution: Exact2D | None) -> Path:
    path = directory / "charge.png"
    geometric = solution is not None and solution.group == "u1" and float(solution.beta) >= 0
    known = {q: float(p) for q, p in solution.charge_distribution.items()} if geometric and solution else None
    plot_charge(path, columns["charge"], config.interval, known)
    return path


def _potential(directory: Path, columns: Columns, solution: Exact2D | None) -> Path | None:
    solution = solution if solution and float(solution.beta) > 0 else None  # no area law elsewhere
    loops = columns["wilson_loops"]
    r, t = loops.shape[2:]
    if t < 2:
        return None
    found = [
        derived(lambda w, longer: np.log(w / longer), loops[:, :, i, j], loops[:, :, i, j + 1])
        for i in range(r)
        for j in range(t - 1)
    ]
    values = np.array([entry.value for entry in found]).reshape(r, t - 1)
    errors = np.array([entry.error for entry in found]).reshape(r, t - 1)
    path = directory / "potential.png"
    tension = float(Exact2D(solution.group, None, solution.beta).string_tension) if solution else None
    plot_potential(path, values, errors, _exact_potential(solution, r, t) if solution else None, tension)
    return path


def _exact_potential(solution: Exact2D, r: int, t: int) -> np.ndarray:
    loops = [[float(solution.wilson_loop(i, j)) for j in range(1, t + 1)] for i in range(1, r + 1)]
    return -np.diff(np.log(loops))


def _flow(directory: Path, entry: GradientFlow, columns: Columns) -> Path:
    samples = columns[entry.name]
    found = [estimate(samples[:, :, step]) for step in range(1, samples.shape[2])]
    t0 = entry.estimates({entry.name: samples}).get("t0")
    path = directory / "flow.png"
    values = np.array([0.0, *(point.value for point in found)])
    errors = np.array([0.0, *(point.error for point in found)])
    plot_flow(path, entry.times().numpy(), values, errors, (t0.value, t0.error) if t0 else None)
    return path
