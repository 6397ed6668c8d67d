"""How every figure looks, without touching the state of matplotlib that other code sees."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

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
    "xtick.color": INK,
    "ytick.color": INK,
    "text.color": INK,
    "legend.frameon": False,
    "mathtext.fontset": "cm",
    "errorbar.capsize": 2.5,
    "lines.linewidth": 1.4,
    "savefig.dpi": 160,
}


@contextmanager
def figure(path: Path, width: float = 7.0, height: float = 3.6) -> Iterator[Figure]:
    """A figure to draw into, saved as PNG at `path` when the block ends without an error; sizes in inches."""
    with matplotlib.rc_context(STYLE):
        canvas = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasAgg(canvas)
        yield canvas
        canvas.savefig(path)


def label_exact(axes: Axes, value: float, name: str = "exact", across: bool = True) -> None:
    """A line at a known value, horizontal if `across`, for the legend."""
    draw = axes.axhline if across else axes.axvline
    draw(value, color=ORANGE, linewidth=1.6, linestyle=(0, (5, 2)), label=name, zorder=5)
