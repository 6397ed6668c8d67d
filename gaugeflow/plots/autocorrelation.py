"""The normalised autocorrelation function of measured numbers."""

from pathlib import Path

import numpy as np

from gaugeflow.montecarlo.errors import autocorrelation, estimate
from gaugeflow.plots.figure import BLUE, GREY, ORANGE, figure

__all__ = ["plot_autocorrelation"]


def plot_autocorrelation(path: Path, series: dict[str, np.ndarray], interval: int) -> None:
    """rho(t) of each `name: samples (chains, measurements)`, with the tau_int that the Gamma method finds."""
    with figure(path, 6.0, 3.6) as canvas:
        axes = canvas.subplots()
        longest = 0
        for (name, samples), colour in zip(series.items(), (BLUE, ORANGE, GREY), strict=False):
            found, tau = autocorrelation(samples), estimate(samples).tau_int
            lags = interval * np.arange(len(found.rho))
            label = rf"{name}, $\tau_\mathrm{{int}} = {tau * interval:.2f}$ updates"
            axes.plot(lags, found.rho, "o-", markersize=3, color=colour, label=label)
            low, high = found.rho - found.error, found.rho + found.error
            axes.fill_between(lags, low, high, color=colour, alpha=0.2, linewidth=0)
            longest = max(longest, int(lags[-1]))
        axes.axhline(0, color="black", linewidth=0.8)
        axes.set(xlabel="updates $t$", ylabel=r"autocorrelation $\rho(t)$", xlim=(0, longest))
        axes.legend(loc="upper right")
