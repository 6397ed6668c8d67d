"""History and histogram of a number that was measured on every configuration."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from gaugeflow.plots.figure import BLUE, GREY, ORANGE, figure, label_exact

__all__ = ["plot_charge", "plot_history"]

SHOWN = 4
"""How many chains are drawn one by one; more are a cloud of ink."""


def plot_history(path: Path, name: str, samples: np.ndarray, interval: int, exact: float | None) -> None:
    """Left the chains, right the distribution of all of them beside the same axis.

    Arguments:
        samples: `(chains, measurements)`.
        interval: updates between two measurements.
        exact: the known mean, if there is one.
    """
    with figure(path) as canvas:
        left, right = canvas.subplots(1, 2, sharey=True, width_ratios=(3, 1))
        _draw_chains(left, samples, interval)
        left.set(xlabel="updates after warm-up", ylabel=name)
        left.set_title(_count(samples))
        right.hist(samples.ravel(), bins=_bins(samples), orientation="horizontal", color=BLUE, alpha=0.75)
        right.set(xlabel="configurations")
        mean = float(samples.mean())
        for axes in (left, right):
            axes.axhline(mean, color="black", linewidth=1.0, label=f"mean {mean:.5g}", zorder=4)
            if exact is not None:
                label_exact(axes, exact, f"exact {exact:.5g}")
        left.legend(loc="upper right", ncols=2)
        _headroom(left, samples)


def plot_charge(path: Path, samples: np.ndarray, interval: int, probabilities: dict[int, float] | None) -> None:
    """The topological charge along the chains and how often each value came, beside the exact distribution."""
    with figure(path) as canvas:
        left, right = canvas.subplots(1, 2, sharey=True, width_ratios=(3, 1))
        _draw_chains(left, samples, interval, step=True)
        left.set(xlabel="updates after warm-up", ylabel="topological charge $Q$")
        left.set_title(_count(samples))
        whole = np.rint(samples).astype(int)
        values, counts = np.unique(whole, return_counts=True)
        right.barh(values, counts / whole.size, height=0.8, color=BLUE, alpha=0.75, label="measured")
        right.set(xlabel="probability")
        if probabilities is not None:
            shown = [q for q, p in probabilities.items() if p > 1e-3]
            known = [probabilities[q] for q in shown]
            right.plot(known, shown, "o", color=ORANGE, markersize=4, label="exact")
        right.legend(loc="upper right")


def _draw_chains(axes: Axes, samples: np.ndarray, interval: int, step: bool = False) -> None:
    updates = interval * np.arange(1, samples.shape[1] + 1)
    for chain in range(min(SHOWN, len(samples))):
        tone = BLUE if chain == 0 else GREY
        axes.plot(
            updates,
            samples[chain],
            color=tone,
            linewidth=0.9 if chain == 0 else 0.5,
            alpha=0.9 if chain == 0 else 0.6,
            zorder=3 if chain == 0 else 2,
            drawstyle="steps-mid" if step else "default",
        )
    axes.set_xlim(0, updates[-1])


def _count(samples: np.ndarray) -> str:
    chains, count = samples.shape
    shown = f", {SHOWN} shown" if chains > SHOWN else ""
    return f"{count} measurements of {chains} chain{'s' if chains > 1 else ''}{shown}"


def _bins(samples: np.ndarray) -> int:
    return int(np.clip(np.sqrt(samples.size) / 2, 10, 60))


def _headroom(axes: Axes, samples: np.ndarray) -> None:
    """Space above the data for the legend."""
    low, high = float(samples.min()), float(samples.max())
    axes.set_ylim(low - 0.05 * (high - low), high + 0.22 * (high - low))
