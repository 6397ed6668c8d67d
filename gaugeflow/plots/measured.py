"""The figures of measured configuration files: histories of an ensemble, the gradient flow, the potential."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gaugeflow.errors import UserError
from gaugeflow.plots.autocorrelation import plot_autocorrelation
from gaugeflow.plots.figure import BLUE, GREY, figure
from gaugeflow.plots.gradient_flow import plot_flow
from gaugeflow.plots.history import plot_history
from gaugeflow.plots.look import FORMATS, Look, look
from gaugeflow.plots.potential import plot_potential
from gaugeflow.tasks.measure.measure import Measured

__all__ = ["plot_measured"]

Drawing = Callable[[Path], None]
SHORTEST = 5
"""Configurations of a chain below which there is no history to show."""
SHOWN = 40
"""Configurations whose charges are drawn along the flow."""


def plot_measured(target: Path, found: Measured, report: dict[str, Any], single: bool = True) -> list[Path]:
    """Draws what was measured of a file; returns the paths of the figures.

    Args:
        target: a folder, which is made if it is not there, or a file whose extension gives the format. Several
            figures of one target are told apart by what they show, and by the measured file.
        found: what was measured.
        report: the same averaged, by :func:`gaugeflow.tasks.measure.measure.report`.
        single: whether this is the only file that is drawn into the target.

    Raises:
        UserError: there is nothing to draw.
    """
    drawings = _drawings(found, report)
    if not drawings:
        raise UserError(
            f"{found.first.path}: expected something to draw, found one configuration or short chains, "
            "and neither --flow nor --loops"
        )
    is_file = target.suffix.lstrip(".") in FORMATS
    folder = target.parent if is_file else target
    folder.mkdir(parents=True, exist_ok=True)
    parts = [target.stem] if is_file else []
    parts += [] if is_file and single else [found.first.path.name.replace(".", "_")]
    name = "_".join(parts)
    lattice = " x ".join(map(str, found.first.shape))
    heading = f"{found.first.path.name}: {found.first.group}, {lattice}"
    chosen = Look(target.suffix.lstrip(".") if is_file else "png", heading=heading)
    alone = is_file and len(drawings) == 1
    with look(chosen):
        return [_drawn(chosen, folder / (name if alone else f"{name}_{what}"), draw) for what, draw in drawings.items()]


def _drawn(chosen: Look, path: Path, draw: Drawing) -> Path:
    draw(path)
    return chosen.file(path)


def _drawings(found: Measured, report: dict[str, Any]) -> dict[str, Drawing]:
    """By name what draws each figure."""
    columns = found.columns
    drawings: dict[str, Drawing] = {}
    series = {name: _rectangle(columns[name]) for name in ("plaquette", "charge_geometric") if name in columns}
    moving = {name: values for name, values in series.items() if values.shape[1] >= SHORTEST and np.ptp(values) > 0}
    for name, values in moving.items():
        drawings[name] = _history(name, values)
    if moving:
        drawings["autocorrelation"] = lambda path: plot_autocorrelation(path, moving, 1)
    if "flow" in report:
        drawings["flow"] = lambda path: _flow(path, report["flow"])
        if "flow_charge" in columns:
            times = np.linspace(0, report["flow"]["times"][-1], columns["flow_charge"][0].shape[1])
            drawings["flow_charge"] = lambda path: _flowed_charge(path, times, columns["flow_charge"])
    if "loops" in report and report["loops"]["potential"][0]:
        drawings["potential"] = lambda path: _potential(path, report["loops"])
    return drawings


def _rectangle(chains: Sequence[np.ndarray]) -> np.ndarray:
    """`(chains, configurations)`, as far as the shortest chain goes."""
    return np.stack([one[: min(map(len, chains))] for one in chains])


def _history(name: str, values: np.ndarray) -> Drawing:
    return lambda path: plot_history(path, name.replace("_", " "), values, 1, None, "configurations")


def _flow(path: Path, found: dict[str, Any]) -> None:
    times, values, errors = (_numbers(found[name]) for name in ("times", "t2e", "t2e_errors"))
    scale = None if found["t0"] is None else (found["t0"], found["t0_error"] or 0.0)
    plot_flow(path, times, values, errors, scale)


def _potential(path: Path, found: dict[str, Any]) -> None:
    values = np.array(found["potential"], float)
    plot_potential(path, values, _numbers(found["potential_errors"]), None, None)


def _numbers(values: Any) -> np.ndarray:
    """As an array; where there is no error, it is 0."""
    return np.nan_to_num(np.array(values, float))


def _flowed_charge(path: Path, times: np.ndarray, chains: Sequence[np.ndarray]) -> None:
    """The charge of the first configurations along the flow, which settles near whole numbers."""
    charges = np.concatenate([*chains])[:SHOWN]
    with figure(path, 6.0, 3.8) as canvas:
        axes = canvas.subplots()
        low, high = (round(float(edge(charges[:, -1]))) for edge in (np.min, np.max))
        for whole in range(low, high + 1):
            axes.axhline(whole, color=GREY, linewidth=0.6, linestyle=(0, (5, 2)))
        axes.plot(times, charges.T, color=BLUE, alpha=0.7, linewidth=1.0)
        axes.set(xlabel="$t/a^2$", ylabel="topological charge $Q$", xlim=(0, times[-1]))
