"""What the algebra of symmetry finds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from algebra_rows import charges as charges_row

from gaugeflow.plots.figure import BLUE, GREY, ORANGE, figure
from gaugeflow.symmetry import Image, Links, charges, intertwiners
from gaugeflow.symmetry.algebra.directions.slopes import slopes
from gaugeflow.symmetry.algebra.directions.widest import widest_family
from gaugeflow.symmetry.checks.trials.subject import Subject
from gaugeflow.symmetry.examples.cases import wilson_log_prob

__all__ = ["intertwiners_of_pictures", "symmetries_of_an_action"]


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
