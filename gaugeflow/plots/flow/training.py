"""How a normalizing flow was trained, its weights, and its effective sample size against the volume."""

from pathlib import Path

import numpy as np

from gaugeflow.plots.figure import BLUE, GREY, INK, ORANGE, figure, label_exact

__all__ = ["plot_training", "plot_volumes", "plot_weights"]

BLOCKS = 100


def plot_training(path: Path, steps: np.ndarray, loss: np.ndarray, ess: np.ndarray, log_z: float | None) -> None:
    """Left `<log q + S>`, which cannot fall below -log Z, right the effective sample size of the batches.

    Arguments:
        steps, loss, ess: `(steps,)`.
        log_z: the known log Z.
    """
    with figure(path) as canvas:
        left, right = canvas.subplots(1, 2)
        for axes, values, name in ((left, loss, r"$\langle \log q + S \rangle$"), (right, ess, "ESS of a batch")):
            axes.plot(steps, values, color=GREY, alpha=0.5, linewidth=0.6)
            axes.plot(_blocks(steps), _blocks(values), color=BLUE, label="mean of a block")
            axes.set(xlabel="step", ylabel=name, xlim=(steps[0], max(steps[-1], steps[0] + 1)))
        if log_z is not None:
            label_exact(left, -log_z, f"$-\\log Z = {-log_z:.6g}$")
        left.legend(loc="upper right")
        right.set_ylim(0, 1)


def plot_weights(path: Path, log_weights: np.ndarray, forward: np.ndarray | None, ess: float) -> None:
    """Histogram of `log w` about its log mean, on samples of the flow and, if given, of the target.

    Where the flow is the target all weights are 1; a tail to the right of samples of the target is what it misses.
    """
    zero = log_weights.max() + np.log(np.exp(log_weights - log_weights.max()).mean())
    shown = log_weights[np.isfinite(log_weights)] - zero
    low, high = np.quantile(shown, 0.001), max(shown.max(), 0 if forward is None else forward.max() - zero)
    bins = np.linspace(low - 0.1, high + 0.1, 61).tolist()
    with figure(path, 6.0, 3.8) as canvas:
        axes = canvas.subplots()
        axes.hist(shown, bins=bins, density=True, color=BLUE, alpha=0.7, label="samples of the flow")
        if forward is not None:
            label = "samples of the target"
            axes.hist(
                forward - zero, bins=bins, density=True, label=label, histtype="step", color=ORANGE, linewidth=1.6
            )
        axes.axvline(0, color=INK, linewidth=0.8)
        axes.set(xlabel=r"$\log\,(w / \langle w\rangle)$", ylabel="density", yscale="log")
        axes.set_title(f"{log_weights.size} samples, ESS {ess:.4f}")
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.18), ncols=2)


def plot_volumes(path: Path, volumes: np.ndarray, ess: np.ndarray, errors: np.ndarray) -> None:
    """ESS against the number of sites, beside `ESS_0^(V / V_0)`, what a fixed quality per site gives.

    Arguments:
        volumes, ess, errors: `(lattices,)`, the lattice that the flow was trained on first.
    """
    with figure(path, 6.0, 3.8) as canvas:
        axes = canvas.subplots()
        sites = np.geomspace(volumes.min(), volumes.max(), 100)
        law = ess[0] ** (sites / volumes[0])
        axes.plot(sites, law, color=GREY, linestyle=(0, (5, 2)), label="the same quality per site")
        axes.errorbar(volumes, ess, errors, fmt="o", color=BLUE, label="measured")
        axes.errorbar(volumes[:1], ess[:1], errors[:1], fmt="o", color=ORANGE, label="trained here")
        axes.set(xlabel="sites", ylabel="ESS per sample", xscale="log", ylim=(0, 1.05))
        axes.set_xticks(volumes, [str(sites) for sites in volumes])
        axes.minorticks_off()
        axes.legend()


def _blocks(values: np.ndarray) -> np.ndarray:
    return np.array([block.mean() for block in np.array_split(values, min(BLOCKS, len(values)))])
