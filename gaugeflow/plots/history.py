"""History and histogram of a number that was measured on every configuration."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from gaugeflow.plots.figure import BLUE, GREY, INK, ORANGE, figure, label_exact

__all__ = ["plot_charge", "plot_history"]

CHAINS = 4
"""How many chains are drawn one by one; more are a cloud of ink."""
BLOCKS = 40
STEPS = 300
"""How many steps of a charge can be told apart."""


def plot_history(
    path: Path, name: str, samples: np.ndarray, interval: int, exact: float | None, unit: str = "updates after warm-up"
) -> None:
    """Left the chains with block means over all of them, right the distribution beside the same axis.

    Arguments:
        samples: `(chains, measurements)`.
        interval: updates between two measurements.
        exact: the known mean, if there is one.
        unit: of the time along the chains.
    """
    with figure(path) as canvas:
        left, right = canvas.subplots(1, 2, sharey=True, width_ratios=(3, 1))
        updates = interval * np.arange(1, samples.shape[1] + 1)
        _draw_chains(left, updates, samples)
        _draw_blocks(left, updates, samples)
        left.set(xlabel=unit, ylabel=name, xlim=(0, updates[-1]))
        left.set_title(_title(samples.shape[1], samples))
        right.hist(samples.ravel(), bins=_bins(samples), orientation="horizontal", color=BLUE, alpha=0.75)
        right.set(xlabel="configurations")
        if exact is not None:
            label_exact(left, exact, f"exact {exact:.5g}")
            label_exact(right, exact, f"exact {exact:.5g}")
        left.legend(loc="upper right", ncols=2)
        _headroom(left, samples)


def plot_charge(path: Path, samples: np.ndarray, interval: int, probabilities: dict[int, float] | None) -> None:
    """The end of the chains' topological charge and how often each value came, beside the exact distribution."""
    with figure(path) as canvas:
        left, right = canvas.subplots(1, 2, sharey=True, width_ratios=(3, 1))
        shown = min(STEPS, samples.shape[1])
        updates = interval * np.arange(samples.shape[1] - shown + 1, samples.shape[1] + 1)
        _draw_chains(left, updates, samples[:, -shown:], drawstyle="steps-mid", linewidth=1.2)
        left.set(xlabel="updates after warm-up", ylabel="topological charge $Q$", xlim=(updates[0], updates[-1]))
        left.set_title(_title(shown, samples))
        whole = np.rint(samples).astype(int)
        values, counts = np.unique(whole, return_counts=True)
        right.barh(values, counts / whole.size, height=0.8, color=BLUE, alpha=0.75, label="measured")
        right.set(xlabel="probability")
        if probabilities is not None:
            charges = [q for q, p in probabilities.items() if p > 1e-3]
            right.plot([probabilities[q] for q in charges], charges, "o", color=ORANGE, markersize=4, label="exact")
        right.legend(loc="upper right")
        _headroom(left, whole)


def _draw_chains(
    axes: Axes, updates: np.ndarray, samples: np.ndarray, drawstyle: str = "default", linewidth: float = 0.6
) -> None:
    """The first chain above a few others."""
    for chain in reversed(range(min(CHAINS, len(samples)))):
        tone, alpha = (BLUE, 0.8) if chain == 0 else (GREY, 0.5)
        axes.plot(updates, samples[chain], color=tone, alpha=alpha, linewidth=linewidth, drawstyle=drawstyle)


def _draw_blocks(axes: Axes, updates: np.ndarray, samples: np.ndarray) -> None:
    """Means over all chains in equal blocks of time: a drift shows here."""
    count = max(1, min(BLOCKS, samples.shape[1] // 5))
    means = [block.mean() for block in np.array_split(samples, count, axis=1)]
    places = [block.mean() for block in np.array_split(updates, count)]
    axes.plot(
        places,
        means,
        "o-",
        color=INK,
        markersize=2.5,
        linewidth=1.0,
        label=f"mean {samples.mean():.5g} of all chains",
        zorder=4,
    )


def _title(shown: int, samples: np.ndarray) -> str:
    chains, count = samples.shape
    last = f"last {shown} of " if shown < count else ""
    drawn = f", {CHAINS} drawn" if chains > CHAINS else ""
    return f"{last}{count} measurements of {chains} chain{'s' if chains > 1 else ''}{drawn}"


def _bins(samples: np.ndarray) -> int:
    return int(np.clip(np.sqrt(samples.size) / 2, 10, 60))


def _headroom(axes: Axes, samples: np.ndarray) -> None:
    """Space above the data for the legend."""
    low, high = float(samples.min()), float(samples.max())
    span = max(high - low, 1e-12)
    axes.set_ylim(low - 0.08 * span, high + 0.25 * span)
