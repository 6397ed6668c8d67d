"""Samples of gauge fields: flows, chains and evolutions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from result_tables import couplings as finer
from result_tables import ess_map as mapped
from result_tables import frozen as slow
from result_tables import protocols as evolutions
from result_tables import topology as samplers
from result_tables import trained

from gaugeflow.flows import HaarBase, linear_times, protocol
from gaugeflow.groups import get_group
from gaugeflow.lattice import WilsonAction
from gaugeflow.lattice.exact import Exact2D
from gaugeflow.montecarlo import HMC, ExactSampler
from gaugeflow.plots.figure import BLUE, GREY, INK, ORANGE, figure

__all__ = ["couplings", "ess_map", "flows", "frozen", "protocols", "topology", "work"]

FLOWS = {"su2_2d_16_beta2p7": "SU(2), beta = 2.7", "su3_2d_16_beta6": "SU(3), beta = 6"}
SAMPLERS = {
    "HMC": GREY,
    "FT-HMC": "seagreen",
    "heat bath + overrelaxation": INK,
    "winding jumps": ORANGE,
    "PTBC": BLUE,
    "evolutions from a defect": "darkviolet",
    "the same with layers": "deeppink",
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


def frozen(path: Path) -> None:
    """Charges of chains of SU(3) in four dimensions beside each other, for the same work on each lattice."""
    _, found = slow.measured()
    with figure(path, width=9.0, height=4.5) as canvas:
        every = canvas.subplots(2, 2, sharex="col", sharey=True)
        for column, extent in zip(every.T, (12, 8), strict=True):
            rows = [row for row in found.values() if row["shape"][0] == extent]
            for axes, row in zip(column, rows, strict=True):
                name, charges = row["sampler"]["name"], row["charges"][row["first"] :]
                work = row["work"] * row["interval"] * np.arange(1, len(charges) + 1)
                axes.plot(work, charges, color=SAMPLERS[slow.NAMES[name]], linewidth=0.8)
                axes.set(title=f"{slow.NAMES[name]}, {extent}^4, beta = {row['action']['beta']:g}")
            spans = [row["work"] * row["interval"] * (len(row["charges"]) - row["first"]) for row in rows]
            column[-1].set(xlabel="work, sweeps of the lattice", xlim=(0, min(spans)))
        for axes in every[:, 0]:
            axes.set(ylabel="charge")


def protocols(path: Path) -> None:
    """The variance of the work against steps for each site."""
    rows = evolutions.measured()
    kinds = sorted({(row["start"], row["beta"], row["extent"]) for row in rows})
    betas = sorted({beta for _, beta, _ in kinds})
    with figure(path, width=7.0) as canvas:
        axes = canvas.subplots()
        for start, beta, extent in kinds:
            mine = [row for row in rows if (row["start"], row["beta"], row["extent"]) == (start, beta, extent)]
            axes.errorbar(
                [row["steps"] / extent**4 for row in mine],
                [row["variance"] for row in mine],
                [row["variance"] * (2 / (row["evolutions"] - 1)) ** 0.5 for row in mine],
                color=f"C{betas.index(beta)}",
                marker="o" if extent == 4 else "s",
                fillstyle="full" if start == "flow" else "none",
                linestyle="-" if start == "flow" else "--",
                markersize=4,
                label=f"{start} to beta = {beta:g}, {extent}^4",
            )
        axes.set(xscale="log", yscale="log", xlabel="steps / V", ylabel="variance of the work")
        axes.legend(fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5))


def couplings(path: Path) -> None:
    """The variance of the work on the way to a finer lattice against steps for each site, with and without layers."""
    rows = finer.measured()["rows"]
    with figure(path, width=6.0) as canvas:
        axes = canvas.subplots()
        for extent, marker in ((8, "o"), (12, "s")):
            for layers, colour in ((False, BLUE), (True, ORANGE)):
                mine = [row for row in rows if (row["extent"], row["layers"]) == (extent, layers)]
                axes.errorbar(
                    [row["steps"] / extent**4 for row in mine],
                    [row["variance"] for row in mine],
                    [row["variance"] * (2 / (row["evolutions"] - 1)) ** 0.5 for row in mine],
                    color=colour,
                    marker=marker,
                    markersize=4,
                    label=f"{extent}^4, {'with' if layers else 'without'} layers",
                )
        axes.set(xscale="log", yscale="log", xlabel="steps / V", ylabel="variance of the work")
        axes.legend(fontsize=8)


def ess_map(path: Path) -> None:
    """How much the weights of trivializing flows vary for each site, by coupling, on the lattice of the fit and 8^4."""
    rows = mapped.measured()
    with figure(path, width=6.0) as canvas:
        axes = canvas.subplots()
        for group, colour in (("su2", BLUE), ("su3", ORANGE)):
            for extent, style in ((4, "o-"), (8, "s--")):
                mine = [row for row in rows if (row["group"], row["extent"]) == (group, extent)]
                label = f"{group.upper()[:2]}({group[-1]}), {extent}^4"
                place = [row["beta"] for row in mine], [row["variance"] / extent**4 for row in mine]
                axes.plot(*place, style, color=colour, markersize=4, label=label)
        for extent in (4, 8):
            axes.axhline(1 / extent**4, color=GREY, linewidth=1, linestyle=":")
            axes.text(0.5, 1.15 / extent**4, f"1 / {extent}^4", color=GREY, fontsize=8)
        axes.set(yscale="log", xlabel="beta", ylabel="variance of log w / V")
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
