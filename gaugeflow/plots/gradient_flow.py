"""The energy along the gradient flow."""

from pathlib import Path

import numpy as np

from gaugeflow.plots.figure import BLUE, GREY, ORANGE, figure

__all__ = ["plot_flow"]

LEVEL = 0.3


def plot_flow(
    path: Path, times: np.ndarray, values: np.ndarray, errors: np.ndarray, scale: tuple[float, float] | None
) -> None:
    """t^2 <E(t)> with its error band, the level 0.3, and t0 with its error where the curve reaches it.

    Arguments:
        times, values, errors: `(steps,)`.
        scale: t0/a^2 and its error, 0 for a single configuration.
    """
    with figure(path, 6.0, 3.8) as canvas:
        axes = canvas.subplots()
        axes.fill_between(times, values - errors, values + errors, color=BLUE, alpha=0.3, linewidth=0)
        axes.plot(times, values, color=BLUE, label=r"$t^2\langle E(t)\rangle$")
        axes.axhline(LEVEL, color=GREY, linewidth=1.0, linestyle=(0, (5, 2)), label=f"{LEVEL}")
        if scale is not None:
            t0, error = scale
            axes.axvspan(t0 - error, t0 + error, color=ORANGE, alpha=0.35, linewidth=0)
            uncertain = f" \\pm {error:.2g}" if error > 0 else ""  # one configuration has no error
            axes.axvline(t0, color=ORANGE, linewidth=1.2, label=f"$t_0/a^2 = {t0:.4g}{uncertain}$")
        axes.set(xlabel="$t/a^2$", ylabel=r"$t^2\langle E(t)\rangle$", xlim=(0, times[-1]))
        axes.set_ylim(bottom=0)
        axes.legend(loc="lower right")
