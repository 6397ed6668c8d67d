"""The density about each centre, as the report of a run has it: particles in shells, and how far from round."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from gaugeflow.plots.figure import BLUE, GREY, INK, ORANGE, figure

__all__ = ["draw_shells", "plot_shells"]

COLOURS = (INK, BLUE, ORANGE, GREY)
"""Of degrees 0, 1, 2 and more."""


def plot_shells(directory: Path) -> list[Path]:
    """Writes one panel for each centre, and returns the path; nothing without a report that has them."""
    report = directory / "report.json"
    density = json.loads(report.read_text()).get("density") if report.is_file() else None
    if not density:
        return []
    path = directory / "shells.png"
    with figure(path, 4.0 * max(2, len(density["centres"]))) as canvas:
        panels = canvas.subplots(1, len(density["centres"]), squeeze=False, sharey=True)[0]
        for axes, centre in zip(panels, density["centres"], strict=True):
            draw_shells(axes, density, centre)
        panels[0].legend(loc="upper left")
    return [path]


def draw_shells(axes: Axes, density: dict[str, Any], centre: dict[str, Any]) -> None:
    """For each degree the length of the numbers of a shell, with what noise alone would have as a dotted line."""
    value, error, degrees = (np.array(part) for part in (centre["value"], centre["error"], density["degrees"]))
    places = np.arange(len(value))
    for l in range(degrees.max() + 1):
        own, noise = value[:, degrees == l], error[:, degrees == l]
        length, floor = np.linalg.norm(own, axis=1), np.linalg.norm(noise, axis=1)
        spread = np.linalg.norm(own * noise, axis=1) / np.maximum(length, 1e-300)
        colour = COLOURS[min(l, len(COLOURS) - 1)]
        label = "particles" if l == 0 else f"degree {l}"
        axes.errorbar(places, length, spread, color=colour, marker="o", markersize=4, label=label)
        if l:
            axes.plot(places, floor, color=colour, linestyle=":", linewidth=1.0)
    axes.set_xticks(places, [*(f"{radius:.2g}" for radius in density["radii"]), "out"])
    axes.set(yscale="log", xlabel="shell (bohr)", title=f"about {centre['name']}")
