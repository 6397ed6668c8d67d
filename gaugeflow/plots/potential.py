"""The static potential from Wilson loops."""

from pathlib import Path

import numpy as np

from gaugeflow.plots.figure import ORANGE, figure

__all__ = ["plot_potential"]

TONES = ("#2a6f97", "#5f9e6e", "#8a5a9e", "#9aa5b1")
MARKS = "osD^"


def plot_potential(
    path: Path, values: np.ndarray, errors: np.ndarray, exact: np.ndarray | None, tension: float | None
) -> None:
    """a V_T(R) = ln W(R, T) / W(R, T + 1) for every R and the first few T.

    Arguments:
        values, errors, exact: `(R, T)`, from R = 1 and T = 1.
        tension: a^2 sigma of the infinite plane, whose line R sigma is drawn.
    """
    r = np.arange(1, values.shape[0] + 1)
    with figure(path, 6.0, 4.0) as canvas:
        axes = canvas.subplots()
        for t in range(min(values.shape[1], len(TONES))):
            place = r + 0.06 * (t - (min(values.shape[1], len(TONES)) - 1) / 2)
            kept = np.isfinite(values[:, t]) & (errors[:, t] < 0.5 * np.abs(values[:, t]))
            y, dy, label = values[kept, t], errors[kept, t], f"$T = {t + 1}$"
            axes.errorbar(place[kept], y, dy, fmt=MARKS[t], color=TONES[t], markersize=4.5, linewidth=1.2, label=label)
            if exact is not None:
                name = "exact on this torus" if t == 0 else ""
                axes.hlines(exact[:, t], place - 0.15, place + 0.15, color=ORANGE, linewidth=1.4, label=name, zorder=1)
        if tension is not None:
            span = np.array([0, r[-1] + 0.4])
            label = rf"$\sigma R$, $a^2\sigma = {tension:.4g}$ (exact, infinite plane)"
            axes.plot(span, tension * span, color=ORANGE, linewidth=1.2, linestyle=(0, (5, 2)), label=label, zorder=0)
        axes.set(xlabel="$R/a$", ylabel="$a V_T(R)$", xlim=(0, r[-1] + 0.5), xticks=r)
        axes.set_ylim(bottom=0)
        axes.legend(loc="upper left")
