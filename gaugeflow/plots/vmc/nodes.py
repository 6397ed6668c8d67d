"""A slice through the nodal surface: where the sign of psi changes as one particle moves and the others stay."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gaugeflow.plots.figure import GREY, INK, ORANGE, figure
from gaugeflow.plots.vmc.density import main_axes
from gaugeflow.wavefunctions import Hamiltonian, LogPsi

__all__ = ["nodal_slice", "plot_nodes"]

POINTS = 141
CHUNK = 2048
SOFT = 1 / 3
"""The power of |psi| that is shown, so that the sign is seen where psi is small."""


@dataclass(frozen=True)
class Slice:
    """``sign |psi / max|^SOFT`` on a square grid ``(POINTS, POINTS)``, its first axis upwards, from -extent to extent.

    `marks` are where others of the same spin lie in it, `(count, 2)`; `names` those that move along the two axes.
    """

    values: np.ndarray
    extent: float
    marks: np.ndarray
    names: tuple[int, int]


def plot_nodes(path: Path, psi: Callable[[Any], LogPsi], walkers: Tensor, hamiltonian: Hamiltonian) -> None:
    """Draws a `nodal_slice`."""
    found = nodal_slice(psi, walkers, hamiltonian)
    ticks = np.linspace(-found.extent, found.extent, POINTS)
    first, second = (f"particle {name + 1} (bohr)" for name in found.names)
    with figure(path, 5.6, 4.8) as canvas:
        axes = canvas.subplots()
        axes.pcolormesh(ticks, ticks, found.values, cmap="RdBu", vmin=-1, vmax=1, rasterized=True)
        axes.contour(ticks, ticks, found.values**3, levels=[0.0], colors=INK, linewidths=1.4)
        if len(found.marks):
            axes.plot(*found.marks.T, "o", color=ORANGE, markeredgecolor=INK, markersize=7, label="others of its spin")
            axes.legend(loc="upper right")
        axes.set(xlabel=first, ylabel="bohr" if first == second else second, aspect="equal")
        axes.axhline(0, color=GREY, linewidth=0.4)
        axes.axvline(0, color=GREY, linewidth=0.4)
        axes.set_title(r"sign($\psi$) $|\psi|^{1/3}$ and $\psi = 0$, the other particles held")


def nodal_slice(psi: Callable[[Any], LogPsi], walkers: Tensor, hamiltonian: Hamiltonian) -> Slice:
    """psi in a plane of the position of one particle, the others as in the likeliest of the walkers.

    The plane holds the centre and another particle of the same spin, on which psi is zero. On a line two particles
    move, each along its axis. There must be two particles of one spin.
    """
    particles, n_up = hamiltonian.particles, hamiltonian.particles.n_up
    spin = range(n_up) if n_up > 1 else range(n_up, particles.n)
    with torch.no_grad():
        x = walkers[int(psi(walkers).log.argmax())]
    centre = hamiltonian.centres.mean(0).to(x)
    order = sorted(spin, key=lambda i: float((x[i] - centre).norm()))
    moved, other = order[0], order[-1]  # an inner electron moves: its zeros are as far out as the other one is
    extent = 1.25 * float(torch.quantile((walkers - centre).norm(dim=-1).flatten(), 0.97))
    if particles.dimension == 1:
        return Slice(_values(psi, _line(x, moved, other, extent)), extent, np.zeros((0, 2)), (moved, other))
    frame = _plane(x, other, centre, hamiltonian)
    marks = torch.stack([(x[i] - centre) @ frame.T for i in spin if i != moved]).cpu().numpy()
    return Slice(_values(psi, _grid(x, moved, centre, frame, extent)), extent, marks, (moved, moved))


def _plane(x: Tensor, other: int, centre: Tensor, hamiltonian: Hamiltonian) -> Tensor:
    """Orthonormal rows `(2, d)`: along a molecule or towards the other particle, then across towards what is left."""
    axes = torch.as_tensor(main_axes(hamiltonian.centres.numpy())).to(x)
    if len(axes) == 2:
        return axes
    candidates = [x[other] - centre, *axes]
    if len(hamiltonian.centres) > 1:
        candidates = [axes[0], x[other] - centre, *axes[1:]]
    frame: list[Tensor] = []
    for vector in candidates:
        rest = vector - sum((vector @ unit * unit for unit in frame), start=torch.zeros_like(vector))
        if len(frame) < 2 and float(rest.norm()) > 1e-3 * float(vector.norm()):
            frame.append(rest / rest.norm())
    return torch.stack(frame)


def _grid(x: Tensor, moved: int, centre: Tensor, frame: Tensor, extent: float) -> Tensor:
    """Coordinates `(points^2, n, d)`, rows of the picture from below."""
    ticks = torch.linspace(-extent, extent, POINTS, dtype=x.dtype, device=x.device)
    second, first = torch.meshgrid(ticks, ticks, indexing="ij")
    grid = x.repeat(POINTS**2, 1, 1)
    grid[:, moved] = centre + first.reshape(-1, 1) * frame[0] + second.reshape(-1, 1) * frame[1]
    return grid


def _line(x: Tensor, moved: int, other: int, extent: float) -> Tensor:
    """The same with a particle on each axis of the picture."""
    ticks = torch.linspace(-extent, extent, POINTS, dtype=x.dtype, device=x.device)
    second, first = torch.meshgrid(ticks, ticks, indexing="ij")
    grid = x.repeat(POINTS**2, 1, 1)
    grid[:, moved, 0], grid[:, other, 0] = first.flatten(), second.flatten()
    return grid


@torch.no_grad()
def _values(psi: Callable[[Any], LogPsi], grid: Tensor) -> np.ndarray:
    """``sign |psi / max|^SOFT``, `(points, points)`."""
    found = [psi(part) for part in grid.split(CHUNK)]
    signs, logs = torch.cat([part.sign for part in found]), torch.cat([part.log for part in found])
    values: np.ndarray = (signs * (SOFT * (logs - logs.max())).exp()).reshape(POINTS, POINTS).cpu().numpy()
    return values
