"""The pictures of the README, from committed reports, and those of the docs: `python scripts/pictures.py` writes
docs/images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from result_tables import trained
from result_tables.table import ROOT

from gaugeflow.plots.figure import BLUE, GREY, INK, ORANGE, figure
from gaugeflow.symmetry import Image, intertwiners

FOLDER = ROOT / "docs" / "images"
FLOWS = {"su2_2d_16_beta2p7": "SU(2), beta = 2.7", "su3_2d_16_beta6": "SU(3), beta = 6"}
ENERGIES = {
    "dot2": "2 electrons in a trap",
    "hooke": "Hooke's atom",
    "he": "He",
    "li": "Li",
    "be_determinant": "Be",
    "lih": "LiH",
    "dot6_omega1": "6 electrons, omega = 1",
    "dot6_omega0p5": "6 electrons, omega = 1/2",
}


def flows(path: Path) -> None:
    """Wilson loops from samples of two flows on 16 x 16, made exact by accept and reject, beside the closed form."""
    with figure(path, width=8.0) as canvas:
        loops, pulls = canvas.subplots(1, 2)
        pulls.axhspan(-1, 1, color=GREY, alpha=0.3, linewidth=0)
        for (name, label), colour, side in zip(FLOWS.items(), (BLUE, ORANGE), (-0.1, 0.1), strict=True):
            found = trained.report(name)["observables"]
            entries = {key: entry for key, entry in found.items() if key.startswith("wilson_loop_")}
            area = np.array([int(key[-3]) * int(key[-1]) for key in entries])
            value, error, exact, pull = (
                np.array([entry[key] for entry in entries.values()]) for key in ("value", "error", "exact", "deviation")
            )
            order = np.argsort(area)
            loops.plot(area[order], exact[order], color=colour, linewidth=1)
            loops.errorbar(area, value, error, fmt="o", markersize=4, color=colour, label=label)
            pulls.plot(area + side, pull, "o", markersize=4, color=colour)
        loops.set(yscale="log", xlabel="area R T", ylabel="W(R, T)", title="Samples of two flows (lines: exact)")
        loops.legend()
        pulls.set(
            xlabel="area R T", ylabel="difference / error", ylim=(-3.5, 3.5), title="Distance from the exact value"
        )


def energies(path: Path) -> None:
    """Variational energies of shipped wavefunctions, measured from their references."""
    with figure(path, width=8.0) as canvas:
        axes = canvas.subplots()
        axes.axvline(0, color=INK, linewidth=0.8)
        for place, name in enumerate(reversed(ENERGIES)):
            found = trained.report(name)
            above, error = (1000 * x for x in (found["energy"] - found["reference"], found["energy_error"]))
            colour = BLUE if found["reference_exact"] else ORANGE
            axes.errorbar(above, place, xerr=error, fmt="o", markersize=5, color=colour)
        axes.set_yticks(range(len(ENERGIES)), [*reversed(ENERGIES.values())])
        axes.set_xscale("symlog", linthresh=0.01)
        axes.set(xlabel="energy above the reference, millihartree", title="Energies of shipped wavefunctions")
        axes.plot([], [], "o", color=BLUE, label="reference: exact")
        axes.plot([], [], "o", color=ORANGE, label="reference: best published value")
        axes.legend(loc="upper left")


def maps(path: Path) -> None:
    """Random linear maps between pictures of 5 x 5 that commute with more and more."""
    picture = Image(torch.ones(1, 1, 5, 5))
    names = {"z2": "any", "translations": "translations", "translations * dihedral": "turns and mirrors too"}
    with figure(path, width=8.0, height=3.0) as canvas:
        for axes, (group, label) in zip(canvas.subplots(1, 3), names.items(), strict=True):
            found = intertwiners(picture, picture, group)
            weight = found.layer(generator=torch.Generator().manual_seed(5)).weight().detach()
            axes.imshow(weight / weight.std(), cmap="RdBu", vmin=-3, vmax=3)
            axes.set(xticks=[], yticks=[], title=f"{label}: {found.dim} numbers")


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name, draw in {"flows": flows, "energies": energies, "intertwiners": maps}.items():
        path = FOLDER / f"{name}.png"
        draw(path)
        print(path.relative_to(ROOT))


if __name__ == "__main__":
    main()
