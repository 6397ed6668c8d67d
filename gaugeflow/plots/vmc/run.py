"""The figures of the task `vmc`: the way down to the energy, how far the local energies scatter, the wavefunction."""

from itertools import islice
from pathlib import Path

import numpy as np
import torch

from gaugeflow.plots.figure import BLUE, INK, figure, label_exact
from gaugeflow.plots.vmc.density import plot_density, plot_pairs
from gaugeflow.plots.vmc.nodes import plot_nodes
from gaugeflow.plots.vmc.shells import plot_shells
from gaugeflow.plots.vmc.structure import plot_structure
from gaugeflow.runs import Metrics, Run, RunDirectory
from gaugeflow.tasks.vmc.config import VMCConfig
from gaugeflow.tasks.vmc.report import energy_unit
from gaugeflow.tasks.vmc.task import VMC
from gaugeflow.wavefunctions.occupation.hamiltonians import SiteHamiltonian

__all__ = ["plot_vmc"]

CENTRAL = 99.0
"""Per cent of the local energies that the histogram shows."""
BURN_IN, UPDATES = 5, 60
"""Updates of the walkers before the figures of the wavefunction, and those of which each gives a sample."""
SHOWN = 512
"""Walkers among which the slice through the nodes finds the likeliest."""


def plot_vmc(directory: Path, config: VMCConfig, metrics: Metrics) -> list[Path]:
    """Writes what there is and returns the paths: the energy in training, the histogram of an evaluation, and of a
    checkpoint the density, the pair correlation and a slice through the nodes, of a report the density in shells."""
    hamiltonian = config.hamiltonian()
    reference, unit = hamiltonian.reference, energy_unit(config.system.name)
    known = None if reference is None else reference.energy
    paths = []
    training = metrics.columns("training")
    if training:
        paths.append(directory / "energy.png")
        _draw_training(paths[-1], training, config.walkers.count, known, unit)
    evaluation = metrics.columns("evaluation")
    if evaluation:
        paths.append(directory / "local_energy.png")
        _draw_histogram(paths[-1], evaluation["energy"].ravel(), known, unit)
    if isinstance(hamiltonian, SiteHamiltonian):
        return paths + plot_structure(directory)
    if RunDirectory(directory).checkpoint.exists():
        paths += _draw_wavefunction(directory, config)
    return paths + plot_shells(directory)


def _draw_wavefunction(directory: Path, config: VMCConfig) -> list[Path]:
    """From walkers of the checkpoint's wavefunction after some moves of their own."""
    task = VMC(config)
    Run.restore(task, RunDirectory(directory), recorded=False)
    batches = islice(task.samples(config.seed), BURN_IN, BURN_IN + UPDATES)
    walkers = torch.cat(list(batches)).double().cpu()
    particles = task.hamiltonian.particles
    paths = [directory / "density.png"]
    plot_density(paths[0], walkers.numpy(), task.hamiltonian)
    if particles.n > 1:
        paths.append(directory / "pairs.png")
        plot_pairs(paths[-1], walkers.numpy(), particles)
    if particles.exclude:
        paths.append(directory / "nodes.png")
        plot_nodes(paths[-1], task.psi.to("cpu", torch.float64), walkers[-SHOWN:], task.hamiltonian)
    return paths


def _draw_training(path: Path, rows: dict[str, np.ndarray], walkers: int, known: float | None, unit: str) -> None:
    """Left the energy with the error of its walkers, right the variance of the local energy."""
    steps = rows["step"] - rows["step"][0] + 1
    with figure(path, 8.0) as canvas:
        left, right = canvas.subplots(1, 2)
        error = np.sqrt(rows["variance"] / walkers)
        left.fill_between(steps, rows["energy"] - error, rows["energy"] + error, color=BLUE, alpha=0.3, linewidth=0)
        left.plot(steps, rows["energy"], color=BLUE, linewidth=1.0)
        left.set(xlabel="iteration", ylabel=f"energy ({unit})", xlim=(1, max(2, steps[-1])))
        late = rows["energy"][len(steps) // 4 :]  # the first steps would flatten the rest
        low, high = min(late.min(), known if known is not None else late.min()), late.max()
        left.set_ylim(low - 0.1 * (high - low) - 1e-12, high + 0.2 * (high - low) + 1e-12)
        if known is not None:
            label_exact(left, known, f"reference {known:.7g}")
            left.legend(loc="upper right")
        right.plot(steps, rows["variance"], color=BLUE, linewidth=1.0)
        right.set(xlabel="iteration", ylabel="variance of the local energy", yscale="log", xlim=(1, max(2, steps[-1])))


def _draw_histogram(path: Path, energies: np.ndarray, known: float | None, unit: str) -> None:
    """The central part; an exact wavefunction has one value."""
    low, high = np.percentile(energies, (50 - CENTRAL / 2, 50 + CENTRAL / 2))
    with figure(path, 6.0) as canvas:
        axes = canvas.subplots()
        axes.hist(energies, bins=80, range=(low, high if high > low else low + 1e-12), color=BLUE, alpha=0.75)
        axes.axvline(energies.mean(), color=INK, linewidth=1.2, label=f"mean {energies.mean():.7g}")
        axes.set(xlabel=f"local energy ({unit})", ylabel="walkers")
        axes.set_title(f"{CENTRAL:g} % of {energies.size} local energies with frozen parameters")
        if known is not None:
            label_exact(axes, known, f"reference {known:.7g}", across=False)
        axes.set_ylim(top=1.25 * axes.get_ylim()[1])
        axes.legend(loc="upper right")
