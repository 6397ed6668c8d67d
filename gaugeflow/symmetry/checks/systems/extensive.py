"""A periodic system repeated: its fields repeat, its totals grow with the number of copies."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from gaugeflow.symmetry.actions.values import Tree
from gaugeflow.symmetry.checks.equivariance import label_of
from gaugeflow.symmetry.checks.pairs import Property, judged
from gaugeflow.symmetry.checks.probe import conditioning
from gaugeflow.symmetry.checks.systems.tiling import axes_of, grown, tiled
from gaugeflow.symmetry.checks.trials.subject import compare
from gaugeflow.symmetry.checks.trials.typed import Typed
from gaugeflow.symmetry.reports.report import Report

__all__ = ["check_extensive"]


def check_extensive(
    f: Callable[..., Any],
    x: Tree,
    *,
    out: Any,
    copies: int = 2,
    axes: Sequence[int] | None = None,
    intensive: bool = False,
    seed: int = 0,
    trials: int = 8,
    fresh: bool = True,
    tolerance: float = 0.0,
    label: str | None = None,
) -> Report:
    """Check what f makes of `copies` of a periodic system side by side, along each of its `axes` in turn.

    Fields of a lattice are repeated; so are points with their features, moved by the edge of their `Cell`, which grows.
    Then an output of fields or features must repeat, and scalars and tensors must be `copies` times as large, or
    unchanged if they are `intensive` (means, densities). Trials, `fresh` and `tolerance` as for `check_invertible`.

    Raises:
        ValueError: the system cannot be repeated, an axis or the number of copies makes no sense, or the output is
            neither extensive nor declared intensive.
    """
    start = time.perf_counter()
    there, known = Typed(f, out), range(axes_of(x))
    chosen = list(known if axes is None else axes)
    if not chosen or not set(chosen) <= set(known) or copies < 2:
        raise ValueError(f"expected two copies or more and axes among {list(known)}, got {copies} and {chosen}")

    def errors(x: Tree, dtype: torch.dtype) -> list[tuple[Tensor, Tensor]]:
        y, _ = there(x, dtype)
        pairs = []
        for axis in chosen:
            many, _ = there(tiled(x, x, axis, copies), dtype)
            pairs += compare(many, grown(y, x, axis, copies, intensive))
        return pairs

    claim = f"{copies} copies side by side, {'the same mean' if intensive else 'that much more'}"
    finding = judged(
        Property(claim, errors, there, x, there.precision, lambda x, d: conditioning(there.subject, x, d)),
        seed=seed,
        trials=trials,
        fresh=fresh,
        tolerance=tolerance,
    )
    there.subject.restore()
    return Report(label or label_of(f), (finding,), time.perf_counter() - start)
