"""How every figure looks, without touching the state of matplotlib that other code sees."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgba, to_rgba_array
from matplotlib.figure import Figure

from gaugeflow.plots.look import present_look

__all__ = ["BLUE", "GREY", "INK", "ORANGE", "figure", "label_exact"]

INK, BLUE, ORANGE, GREY = "#22303c", "#2a6f97", "#d1603d", "#9aa5b1"
"""Text, measurements, exact values, everything else; told apart without colour vision too."""

STYLE: dict[Any, Any] = {
    "font.size": 11,
    "axes.titlesize": 11,
    "axes.titlelocation": "left",
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlecolor": INK,
    "axes.prop_cycle": cycler(color=[BLUE, ORANGE, GREY, INK]),
    "xtick.color": INK,
    "ytick.color": INK,
    "text.color": INK,
    "legend.frameon": False,
    "mathtext.fontset": "cm",
    "errorbar.capsize": 2.5,
    "lines.linewidth": 1.4,
    "savefig.dpi": 160,
}


NIGHT = {INK: "#e4e8ec", BLUE: "#6cb4dd", ORANGE: "#f0906b", GREY: "#7d8893", "white": "#14191f"}
"""What the colours become on a dark page."""


@contextmanager
def figure(path: Path, width: float = 7.0, height: float = 3.6) -> Iterator[Figure]:
    """A figure to draw into, saved when the block ends without an error; sizes in inches.

    The present look (:mod:`gaugeflow.plots.look`) gives the heading, the format of the file, which replaces the
    extension of `path`, and the colours.
    """
    chosen = present_look()
    with matplotlib.rc_context(STYLE):
        canvas = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasAgg(canvas)
        yield canvas
        if chosen.heading:
            canvas.suptitle(chosen.heading, fontsize=9, color=GREY, x=0.01, ha="left")
        if chosen.dark:
            _darken(canvas)
        canvas.savefig(chosen.file(path))


def _darken(canvas: Figure) -> None:
    """Every colour of the style gives way to its counterpart; colours of others stay."""
    night = {to_rgba(day)[:3]: to_rgba(dark)[:3] for day, dark in NIGHT.items()}
    for artist in canvas.findobj():
        for part in ("color", "facecolor", "edgecolor", "markerfacecolor", "markeredgecolor"):
            get, put = (getattr(artist, f"{verb}_{part}", None) for verb in ("get", "set"))
            if get is not None and put is not None:
                before = to_rgba_array(get())
                after = [(*night.get(tuple(colour[:3]), colour[:3]), colour[3]) for colour in before]
                if before[:, 3].any():  # what is not drawn stays so
                    put(after[0] if len(after) == 1 else after)


def label_exact(axes: Axes, value: float, name: str = "exact", across: bool = True) -> None:
    """A line at a known value, horizontal if `across`, for the legend."""
    draw = axes.axhline if across else axes.axvline
    draw(value, color=ORANGE, linewidth=1.6, linestyle=(0, (5, 2)), label=name, zorder=5)
