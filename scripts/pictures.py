"""The pictures of the README and the docs, from committed reports: `python scripts/pictures.py` writes docs/images."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from algebra_rows import charges as charges_row
from matplotlib.axes import Axes
from result_tables import hamiltonian as matrices
from result_tables import protocols as evolutions
from result_tables import routes, space, trained
from result_tables import topology as samplers
from result_tables.table import ROOT

from gaugeflow.flows import HaarBase, linear_times, protocol
from gaugeflow.groups import get_group
from gaugeflow.lattice import WilsonAction
from gaugeflow.lattice.exact import Exact2D
from gaugeflow.montecarlo import HMC, ExactSampler
from gaugeflow.plots.figure import BLUE, GREY, INK, ORANGE, figure
from gaugeflow.plots.vmc.shells import draw_shells
from gaugeflow.symmetry import Image, Links, charges, intertwiners
from gaugeflow.symmetry.algebra.directions.slopes import slopes
from gaugeflow.symmetry.algebra.directions.widest import widest_family
from gaugeflow.symmetry.checks.trials.subject import Subject
from gaugeflow.symmetry.examples.cases import wilson_log_prob
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
SAMPLERS = {
    "HMC": GREY,
    "FT-HMC": "seagreen",
    "heat bath + overrelaxation": INK,
    "winding jumps": ORANGE,
    "PTBC": BLUE,
    "evolutions from a defect": "darkviolet",
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


def intertwiners_of_pictures(path: Path) -> None:
    """Random linear maps between pictures of 5 x 5 that commute with more and more."""
    picture = Image(torch.ones(1, 1, 5, 5))
    names = {"z2": "any", "translations": "translations", "translations * dihedral": "turns and mirrors too"}
    with figure(path, width=8.0, height=3.0) as canvas:
        for axes, (group, label) in zip(canvas.subplots(1, 3), names.items(), strict=True):
            found = intertwiners(picture, picture, group)
            weight = found.layer(generator=torch.Generator().manual_seed(5)).weight().detach()
            axes.imshow(weight / weight.std(), cmap="RdBu", vmin=-3, vmax=3)
            axes.set(xticks=[], yticks=[], title=f"{label}: {found.dim} numbers")


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


def symmetries_of_an_action(path: Path) -> None:
    """The spectrum of the gradient of an action with and without a mass, and what a leapfrog conserves."""
    with figure(path, width=8.0) as canvas:
        spectrum, drift = canvas.subplots(1, 2)
        values = {"plaquettes": (BLUE, wilson_log_prob), "and a mass of the links": (ORANGE, _massive)}
        for label, (colour, action) in values.items():
            spectrum.plot(np.arange(1, 19), _singular_values(action), "o", markersize=4, color=colour, label=label)
        spectrum.set(yscale="log", xlabel="direction", title="U(1) on 3 x 3: slopes of the action")
        spectrum.set_ylabel("singular value / largest")
        spectrum.legend()
        for label, (colour, change) in _drifts().items():
            drift.plot(np.arange(1, len(change) + 1), change, color=colour, label=label)
        drift.set(yscale="log", xlabel="steps", ylabel="largest change", title="SU(3) on $2^4$: a leapfrog")
        drift.legend(loc="center right", fontsize=8)


def _massive(theta: torch.Tensor) -> torch.Tensor:
    return wilson_log_prob(theta) + (1 - theta.cos()).sum((1, 2, 3))


def _singular_values(action: Callable[[torch.Tensor], torch.Tensor]) -> np.ndarray:
    """Of the derivatives along all directions at 64 random fields; rounding stands at 1e-16."""
    noise = torch.Generator().manual_seed(1)
    theta = Links(2 * torch.pi * torch.rand(64, 2, 3, 3, generator=noise, dtype=torch.float64))
    values = torch.linalg.svdvals(slopes(Subject(action, None), theta, [widest_family(theta)], noise))
    return (values / values[0]).clamp(min=1e-16).numpy()


def _drifts() -> dict[str, tuple[str, list[float]]]:
    """The change of the energy and of Gauss's law over 100 steps, and of that under a wrong force."""
    hmc, u, p = charges_row.start()
    first, energy = charges(Links(u), p, "gauge"), hmc.hamiltonian(u, p)
    drifts: dict[str, tuple[str, list[float]]] = {
        "energy": (GREY, []),
        "Gauss's law, wrong force": (ORANGE, []),
        "Gauss's law": (BLUE, []),
    }
    right, wrong = (u, p), (u, p)
    for _ in range(100):
        right, wrong = hmc.trajectory(*right), charges_row.wrong_step(hmc, *wrong)
        drifts["energy"][1].append(float((hmc.hamiltonian(*right) - energy).abs().max()))
        for name, (q, momenta) in (("Gauss's law", right), ("Gauss's law, wrong force", wrong)):
            drifts[name][1].append(float((charges(Links(q), momenta, "gauge") - first).abs().max()))
    return drifts


def topology(path: Path) -> None:
    """Charges of one chain of each sampler for equal work, and the work until the charge is forgotten."""
    _, every = samplers.measured()
    rows = [row for row in every if row["shape"] == every[-1]["shape"]]
    last = [row for row in rows if row["beta"] == rows[-1]["beta"]]
    with figure(path, width=8.0) as canvas:
        history, cost = canvas.subplots(1, 2)
        for place, row in enumerate(last):
            work = row["work"] * np.arange(len(row["history"]))
            history.step(work, np.array(row["history"]) - 8 * place, color=SAMPLERS[row["method"]], linewidth=1)
            mine = [one for one in rows if one["method"] == row["method"]]
            total = [samplers.least(one) * one["work"] for one in mine]
            style = {"color": SAMPLERS[row["method"]], "label": row["method"], "marker": "o", "markersize": 4}
            cost.plot([one["beta"] for one in mine], total, **style)
        history.set(xlabel="work, sweeps of the lattice", yticks=[], ylabel="charge (shifted)")
        history.set_title(f"One chain each, {last[0]['shape'][0]}^2, beta = {last[0]['beta']:g}")
        cost.set(yscale="log", xlabel="beta", ylabel="sweeps (HMC, heat bath: at least)", title="tau_int of $Q^2$")
        cost.legend(fontsize=8)


def protocols(path: Path) -> None:
    """Logarithms of effective sample sizes against steps, both for each site."""
    _, rows = evolutions.measured()
    kinds = sorted({(row["start"], row["beta"], row["extent"]) for row in rows})
    with figure(path, width=5.0) as canvas:
        axes = canvas.subplots()
        for start, beta, extent in kinds:
            mine = [row for row in rows if (row["start"], row["beta"], row["extent"]) == (start, beta, extent)]
            volume = extent**4
            axes.plot(
                [row["steps"] / volume for row in mine],
                [-np.log(row["ess"]) / volume for row in mine],
                marker="o" if extent == 4 else "s",
                linestyle="-" if start == "flow" else "--",
                markersize=4,
                label=f"{start} to beta = {beta:g}, {extent}^4",
            )
        axes.set(xscale="log", yscale="log", xlabel="steps / V", ylabel="-log ESS / V")
        axes.legend(fontsize=8)


def work(path: Path) -> None:
    """Histograms of the work of U(1) evolutions from Haar measure, forward and back, in few steps and in many."""
    solved, draws = Exact2D("u1", (4, 4), 2.0), torch.Generator().manual_seed(1)
    haar = HaarBase(get_group("u1"), (4, 4))
    target, _ = ExactSampler(WilsonAction(2, 2.0)).update(haar.draw(2000, draws), draws)
    with figure(path, width=8.0) as canvas:
        for axes, steps in zip(canvas.subplots(1, 2, sharex=True), (4, 16), strict=True):
            flow = protocol(
                haar,
                lambda t: WilsonAction(2, 2.0 * t),
                linear_times(steps),
                lambda action: HMC(action, step_size=0.25),
            )
            both = {"forward": flow.sample(2000, draws)[1], "back": flow.reverse(target, draws)}
            edges = np.linspace(min(map(float, map(torch.min, both.values()))), float(both["back"].max()), 40)
            for (name, log_w), colour in zip(both.items(), (BLUE, ORANGE), strict=True):
                style = {"density": True, "histtype": "stepfilled", "alpha": 0.5, "color": colour}
                axes.hist(log_w.numpy(), edges, label=name, **style)
            axes.axvline(float(solved.log_z), color=INK, linewidth=1)
            axes.set(xlabel="log w", yticks=[], title=f"{steps} steps")
        axes.legend()


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


PICTURES = (
    flows,
    energies,
    intertwiners_of_pictures,
    symmetries_of_an_action,
    orbits,
    learning_curves,
    hamiltonian,
    topology,
    protocols,
    work,
    contacts,
    features_of_space,
    shells,
)


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for draw in PICTURES:
        path = FOLDER / f"{draw.__name__}.png"
        draw(path)
        print(path.relative_to(ROOT))


if __name__ == "__main__":
    main()
