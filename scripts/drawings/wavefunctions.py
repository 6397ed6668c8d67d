"""Wavefunctions: their energies, densities and features."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from result_tables import space, trained
from result_tables.table import ROOT

from gaugeflow.plots.figure import BLUE, GREY, INK, ORANGE, figure
from gaugeflow.plots.vmc.shells import draw_shells
from gaugeflow.wavefunctions import (
    EGNN,
    Backbone,
    Determinants,
    Features,
    FermiNet,
    NeuralOrbitals,
    SlaterEnvelope,
    Tensors,
    molecule,
)
from gaugeflow.wavefunctions.systems.bethe import gaudin_yang_energy, lieb_liniger_energy

__all__ = ["contacts", "energies", "features_of_space", "optimizers", "sector_routes", "shells"]

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


def contacts(path: Path) -> None:
    """Energies of bosons and fermions on a ring against the strength of their contact, beside Bethe's equations."""
    rows = json.loads((ROOT / "scripts" / "results" / "space.json").read_text())["rows"].values()
    strengths = np.geomspace(0.1, 100, 60)
    systems = {
        "ring_bosons": (
            "four bosons, length 4",
            BLUE,
            lambda c: lieb_liniger_energy(4, 4.0, c),
            5 * (np.pi / 4) ** 2 * 2,
        ),
        "ring_fermions": (
            "up and down, length 2",
            ORANGE,
            lambda c: gaudin_yang_energy(1, 1, 2.0, c),
            (np.pi / 2) ** 2,
        ),
    }
    with figure(path) as canvas:
        axes = canvas.subplots()
        for name, (label, colour, energy, strong) in systems.items():
            axes.plot(strengths, [energy(c) for c in strengths], color=colour, linewidth=1)
            axes.axhline(strong, color=colour, linewidth=0.8, linestyle="--")
            own = [row for row in rows if row["configuration"] == name]
            found = [(float(row["set"][0].partition("=")[2]), row["energy"]) for row in own]
            axes.plot(*zip(*found, strict=True), "o", color=colour, markersize=5, label=label)
        axes.set(xscale="log", xlabel="strength c, hartree bohr", ylabel="energy (Hartree)", ylim=(0, 7.5))
        axes.legend(loc="upper left")


def features_of_space(path: Path) -> None:
    """log|psi| of lithium hydride, turned with its electrons, under networks of components and of tensors."""
    makers = {
        "FermiNet": (GREY, lambda f, g: FermiNet(f, [(16, 8), (16, 8)], g)),
        "tensors": (BLUE, lambda f, g: Tensors(f, 12, 3, 2, g)),
        "EGNN": (ORANGE, lambda f, g: EGNN(f, 16, 2, g)),
    }
    angles = np.linspace(0, 2 * np.pi, 25)
    x = torch.randn(1, 4, 3, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    with figure(path) as canvas:
        axes = canvas.subplots()
        for name, (colour, make) in makers.items():
            logs = np.array([_turned_log(make, x, angle) for angle in angles])
            change = np.abs(logs - logs[0])[1:-1]
            axes.plot(np.degrees(angles[1:-1]), np.maximum(change, 1e-17), "o-", color=colour, markersize=3, label=name)
        axes.set(yscale="log", ylim=(1e-18, 1e2), xlabel="angle, degrees", ylabel="change of log|psi|")
        axes.legend(loc="center right")


def _turned_log(make: Callable[[Features, torch.Generator], Backbone], x: torch.Tensor, angle: float) -> float:
    """Of electrons x ``(1, 4, 3)`` turned with their nuclei about the second axis; the parameters stand."""
    turn = torch.eye(3, dtype=torch.float64)
    turn[[0, 0, 2, 2], [0, 2, 0, 2]] = torch.tensor([np.cos(angle), np.sin(angle), -np.sin(angle), np.cos(angle)])
    nuclei = torch.tensor([[0.0, 0.0, 0.0], [0.0, 0.0, 3.015]], dtype=torch.float64) @ turn.T
    lih, generator = molecule(["Li", "H"], nuclei.tolist(), "bohr"), torch.Generator().manual_seed(1)
    envelopes = (SlaterEnvelope(lih, 1, 2), SlaterEnvelope(lih, 1, 2))
    orbitals = NeuralOrbitals(make(Features(lih), generator), 1, (2, 2), generator, envelopes=envelopes)
    return float(Determinants(orbitals)(x @ turn.T).log.detach())


def shells(path: Path) -> None:
    """The densities of a round dot and of lithium hydride about their centres."""
    densities = space.densities()
    places = [(density, centre) for density in densities.values() for centre in density["centres"]]
    with figure(path, width=10.0) as canvas:
        panels = canvas.subplots(1, len(places), sharey=True)
        for axes, (density, centre) in zip(panels, places, strict=True):
            draw_shells(axes, density, centre)
        panels[0].set(title="six electrons in a trap", ylabel="length of the numbers of a shell")
        panels[1].legend(loc="lower right")


def optimizers(path: Path) -> None:
    """Energies on the way of a training over all configurations, by each optimiser."""
    rows = json.loads((ROOT / "scripts" / "results" / "sites_compared.json").read_text())["optimizers"]
    with figure(path) as canvas:
        axes = canvas.subplots()
        for row, colour in zip(rows, (GREY, ORANGE, BLUE), strict=True):
            for number, course in enumerate(row["courses"]):
                axes.plot(course, color=colour, linewidth=1.2, label=None if number else row["optimizer"])
        axes.set(yscale="log", xlabel="iteration", ylabel="relative error of the energy")
        axes.legend()


def sector_routes(path: Path) -> None:
    """Energies on the way of a training in a symmetry sector, by each route."""
    rows = json.loads((ROOT / "scripts" / "results" / "sector_routes.json").read_text())["rows"]
    with figure(path) as canvas:
        axes = canvas.subplots()
        for row, colour in zip(rows, (GREY, INK, ORANGE, BLUE), strict=True):
            neighbours = ", isotropic" if row["isotropic"] and row["route"] == "canonical" else ""
            label = f"{row['route']}{neighbours}, {row['parameters']} parameters"
            axes.plot(row["course"], color=colour, label=label)
        axes.set(yscale="log", xlabel="iteration", ylabel="relative error of the energy")
        axes.legend()
