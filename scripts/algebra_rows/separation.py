"""How many independent invariants there are, how many some features have, and which pairs look alike to them."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from algebra_rows.row import row
from gaugeflow.symmetry import Links, separates
from gaugeflow.symmetry.examples.degenerate import separation_table
from gaugeflow.symmetry.examples.invariant_features import loops, plaquettes_and_windings

RANKS = "rank of invariants"
PAIRS = "pairs that features tell apart"
ANGLES = Links(torch.zeros(1, 2, 3, 3))


def ranks(features: Callable[[Tensor], Tensor]) -> str:
    found = separates(features, ANGLES, "gauge")
    return f"{found.rank} of {found.needed}"


@row(RANKS, "U(1), 3 x 3: plaquettes", "8 of 10")
def _() -> str:
    return ranks(loops)


@row(RANKS, "U(1), 3 x 3: plaquettes and Polyakov loops", "10 of 10")
def _() -> str:
    return ranks(plaquettes_and_windings)


@row(PAIRS, "a complete set for each kind of pair", "every pair apart")
def _() -> str:
    """Whether of the features of a kind one at least tells each pair apart."""
    rows = separation_table()
    apart = {r["pair"] for r in rows if r["apart"]}
    alike = sorted({r["pair"] for r in rows} - apart)
    return f"alike: {', '.join(alike)}" if alike else "every pair apart"
