"""Networks that keep a symmetry beside others."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from result_tables import hamiltonian as matrices
from result_tables import routes

from gaugeflow.plots.figure import BLUE, GREY, INK, ORANGE, figure

__all__ = ["hamiltonian", "learning_curves", "orbits"]

ORBITS = {
    "nothing": (GREY, ":"),
    routes.ALONE: (GREY, "-"),
    "augmentation, ensemble of 5": (ORANGE, "--"),
    routes.ENSEMBLE: (ORANGE, "-"),
    "equivariant": (BLUE, "-"),
    "canonical": (INK, "--"),
}
CURVES = {
    "plain": (GREY, ":"),
    "augmented": (GREY, "-"),
    "averaged over 64 gauges": (GREY, "--"),
    routes.TREE: (BLUE, "-"),
    "canonical, averaged over turns": (BLUE, "--"),
    routes.LCNN: (ORANGE, "-"),
}
RIDGES = {
    "plain": ("plain ridge", GREY, ":"),
    "plain_augmented": ("plain, augmented by turns", GREY, "--"),
    "equivariant": ("equivariant ridge", BLUE, "-"),
}


def orbits(path: Path) -> None:
    """The share of group elements under which a prediction stays, outside of what a network was trained on."""
    titles = {"orbit": "U(1) fields (exact action)", "digits": "Digits (interpolation beyond C4)"}
    with figure(path, width=8.0) as canvas:
        for axes, (name, title) in zip(canvas.subplots(1, 2, sharey=True), titles.items(), strict=True):
            for method, (colour, line) in ORBITS.items():
                _orbit_line(axes, name, method, colour, line)
            axes.set(xscale="log", xlabel="group order", title=title)
            axes.set_xticks([4, 8, 16], ["4", "8", "16"])
            axes.minorticks_off()
        canvas.axes[0].set_ylabel("share with the same prediction")
        canvas.axes[1].legend(fontsize=8)


def _orbit_line(axes: Axes, name: str, method: str, colour: str, line: str) -> None:
    points = []
    for part in routes.section(name).values():
        row = next(row for row in part["rows"] if row["method"] == method)
        mean, error = routes.over_seeds(routes.outside(row, part["outside"]))
        points.append((part["order"], mean / part["order"], error / part["order"]))
    order, share, error = zip(*points, strict=True)
    axes.errorbar(order, share, error, fmt="o", linestyle=line, markersize=4, color=colour, label=method)


def learning_curves(path: Path) -> None:
    """Errors of SU(2) W(2, 2) over the variance of the target, against the number of fields."""
    with figure(path) as canvas:
        axes = canvas.subplots()
        axes.axhline(1, color=INK, linewidth=0.8)
        for name, (colour, line) in CURVES.items():
            part = routes.section("learning")[name]
            value, error = np.array(part["mse"]).T
            label = f"{name} (slope {part['slope'][0]:.2f})"
            axes.errorbar(part["sizes"], value, error, fmt="o", linestyle=line, markersize=4, color=colour, label=label)
        axes.set(xscale="log", yscale="log", xlabel="fields", ylabel="error / variance")
        axes.set(title="SU(2), W(2, 2) on 8 x 8")
        axes.legend(fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))


def hamiltonian(path: Path) -> None:
    """Errors of learned Fock matrices of water, against the number of geometries."""
    with figure(path) as canvas:
        axes = canvas.subplots()
        rows = [row for row in matrices.results()["matrices"] if row["basis"] == "sto-3g"]
        sizes = [row["geometries"] for row in rows]
        for name, (label, colour, line) in RIDGES.items():
            axes.plot(sizes, [row[name] for row in rows], f"o{line}", markersize=4, color=colour, label=label)
        axes.axhline(1, color=INK, linewidth=0.8)
        axes.set(xscale="log", yscale="log", xlabel="geometries", ylabel="mean error, millihartree")
        axes.set_xticks(sizes, [str(size) for size in sizes])
        axes.minorticks_off()
        axes.set_title("Fock matrices of water in STO-3G, turned")
        axes.legend(fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
