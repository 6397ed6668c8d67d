"""Figures of the tutorials look as those of `gaugeflow plot` do."""

from pathlib import Path
from typing import Any

import matplotlib

from gaugeflow.plots.figure import STYLE

__all__ = ["apply"]


def apply(_: dict[str, Any], script: Path | str) -> None:
    """Called by sphinx-gallery before and after every script."""
    matplotlib.rcParams.update({key: value for key, value in STYLE.items() if key != "savefig.dpi"})
