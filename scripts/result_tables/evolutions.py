"""What the tables of evolutions share: how many, what they are worth, what they lose, what they cost."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from result_tables.table import rounded, uncertain

Row = dict[str, Any]

COUNTED = ("steps", "evolutions", "ESS")
SPENT = ("variance", "W_d", "links", "s")


def counted(row: Row) -> list[str]:
    """Steps and evolutions, and the effective samples in each of these."""
    few = "" if row["evolutions"] >= row["needed"] else " (few)"
    return [str(row["steps"]), f"{row['evolutions']}{few}", uncertain(row["ess"], row["ess_error"])]


def spent(row: Row, alike: Sequence[Row]) -> list[str]:
    """The spread of the work, the work lost, and what an evolution costs in link updates and in seconds.

    Where the work varies by more than one, log Z is that of the row of the same target whose work varies least: of a
    few evolutions whose work varies much, log Z lies too low, and so does its error.
    """
    best = row if row["variance"] < 1 else min(alike, key=lambda other: float(other["variance"]))
    lost = best["log_z"] - row["log_z"] + row["dissipated"]
    mean_work = (row["variance"] / row["evolutions"]) ** 0.5
    error = row["dissipated_error"] if row is best else math.hypot(mean_work, best["log_z_error"])
    cost = [rounded(row["link_updates"]), rounded(row["seconds"] / row["evolutions"])]
    return [rounded(row["variance"]), uncertain(lost, error), *cost]
