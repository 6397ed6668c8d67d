"""Where the particles are, and where they are with respect to each other."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from gaugeflow.plots.figure import BLUE, GREY, INK, ORANGE, figure
from gaugeflow.wavefunctions import Hamiltonian, Particles

__all__ = ["main_axes", "pair_correlation", "plot_density", "plot_pairs"]

BINS = 60
OUTSIDE = 99.5
"""Per cent of the particles or pairs within the range shown."""
PARTNERS = 8
"""Other samples with which the pairs without correlation are made."""
FEWEST = 100
SPINS = (("up", BLUE, "-"), ("down", ORANGE, "--"))


def plot_density(path: Path, positions: np.ndarray, hamiltonian: Hamiltonian) -> None:
    """The density in a plane, and that of each spin by the distance from a centre or along the axis of a molecule.

    Arguments:
        positions: of particles with the density psi^2, `(samples, n, d)`, in bohr.
    """
    particles, centres = hamiltonian.particles, hamiltonian.centres.numpy()
    if particles.dimension == 1:
        with figure(path) as canvas:
            _draw_spins(canvas.subplots(), positions[..., 0], particles, "x (bohr)", "particles per bohr")
        return
    plane = (positions - centres.mean(0)) @ main_axes(centres).T
    with figure(path, 8.6, 3.8) as canvas:
        left, right = canvas.subplots(1, 2)
        _draw_map(left, plane.reshape(-1, particles.dimension), (centres - centres.mean(0)) @ main_axes(centres).T)
        left.set_title("density" if particles.dimension == 2 else "density in projection")
        if len(centres) > 1:
            _draw_spins(right, plane[..., 0], particles, "along the axis (bohr)", "particles per bohr")
        else:
            r = np.linalg.norm(positions - centres[0], axis=-1)
            _draw_spins(right, r, particles, "distance from the centre (bohr)", "particles per bohr", 0.0)


def plot_pairs(path: Path, positions: np.ndarray, particles: Particles) -> None:
    """How far particles are from each other, and the ratio to what it were without correlation, by their spins."""
    first, second = (index.numpy() for index in particles.pairs)
    together = np.linalg.norm(positions[:, first] - positions[:, second], axis=-1)
    like = particles.like.numpy()
    edges = np.linspace(0, np.percentile(together, OUTSIDE), BINS * 2 // 3 + 1)
    middle = (edges[1:] + edges[:-1]) / 2
    with figure(path, 8.6) as canvas:
        left, right = canvas.subplots(1, 2)
        for kind, name, color, line in ((~like, "unlike spins", BLUE, "-"), (like, "like spins", ORANGE, "--")):
            if not kind.any():
                continue
            pairs, ratio = pair_correlation(positions, edges, first[kind], second[kind])
            left.plot(middle, pairs, color=color, linestyle=line, label=name)
            right.plot(middle, ratio, color=color, linestyle=line, label=name)
        right.axhline(1.0, color=GREY, linewidth=0.8)
        left.set(xlabel="distance (bohr)", ylabel="pairs per bohr", xlim=(0, edges[-1]), ylim=(0, None))
        right.set(xlabel="distance (bohr)", ylabel="pair correlation $g(r)$", xlim=(0, edges[-1]), ylim=(0, None))
        left.legend(loc="upper right")


def pair_correlation(
    positions: np.ndarray, edges: np.ndarray, first: np.ndarray, second: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Pairs per length in each interval of distances, and their ratio to those of independent particles.

    Arguments:
        positions: `(samples, n, d)`; particles of different samples are independent.
        edges: of the intervals.
        first, second: the indices of each pair.

    Returns:
        Two arrays, the ratio NaN where there are too few pairs.
    """
    step = len(positions) // (PARTNERS + 1)
    shifted = [np.roll(positions, k * step, axis=0) for k in range(1, PARTNERS + 1)]
    found = np.histogram(np.linalg.norm(positions[:, first] - positions[:, second], axis=-1), edges)[0]
    alone = sum(np.histogram(np.linalg.norm(positions[:, first] - x[:, second], axis=-1), edges)[0] for x in shifted)
    enough = (found > FEWEST) & (alone > FEWEST)
    ratio = np.where(enough, PARTNERS * found / np.maximum(alone, 1), np.nan)
    return found / len(positions) / np.diff(edges), ratio


def main_axes(centres: np.ndarray) -> np.ndarray:
    """Orthonormal rows, `(d, d)`: the longest extent of the nuclei first; those of the coordinates for one centre."""
    if len(centres) == 1:
        return np.eye(centres.shape[1])
    return np.linalg.svd(centres - centres.mean(0), full_matrices=True)[2]


def _draw_map(axes: Axes, places: np.ndarray, centres: np.ndarray) -> None:
    """The projection on the first two axes; colours are square roots, which show what is outside too."""
    extent = np.percentile(np.abs(places[:, :2]), OUTSIDE)
    density, x, y = np.histogram2d(places[:, 0], places[:, 1], BINS, [[-extent, extent]] * 2, density=True)
    axes.pcolormesh(x, y, np.sqrt(density.T), cmap="Blues", rasterized=True)
    axes.plot(centres[:, 0], centres[:, 1], "+", color=INK, markersize=7)
    axes.set(xlabel="bohr", ylabel="bohr", aspect="equal")


def _draw_spins(
    axes: Axes, values: np.ndarray, particles: Particles, xlabel: str, ylabel: str, start: float | None = None
) -> None:
    """Densities of each spin along one number `(samples, n)`; they integrate to the number of particles."""
    tail = (100 - OUTSIDE) / 2
    low = np.percentile(values, tail) if start is None else start
    edges = np.linspace(low, np.percentile(values, 100 - tail), BINS + 1)
    parts = (values[:, : particles.n_up], values[:, particles.n_up :])
    for (name, color, line), part, count in zip(SPINS, parts, particles.counts, strict=True):
        if count:
            density = np.histogram(part, edges)[0] / len(values) / np.diff(edges)
            axes.stairs(density, edges, color=color, linestyle=line, linewidth=1.4, label=f"{count} {name}")
    axes.set(xlabel=xlabel, ylabel=ylabel, xlim=(edges[0], edges[-1]), ylim=(0, None))
    axes.legend(loc="upper right")
