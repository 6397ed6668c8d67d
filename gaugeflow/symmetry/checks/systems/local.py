"""Outputs that see nothing beyond a distance, and totals that are sums of such."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from gaugeflow.symmetry.actions.scalars import Angles, CartesianTensors, Invariants, Scalars
from gaugeflow.symmetry.actions.values import Tree, Value, leaves
from gaugeflow.symmetry.checks.equivariance import label_of
from gaugeflow.symmetry.checks.pairs import Property, judged
from gaugeflow.symmetry.checks.probe import conditioning
from gaugeflow.symmetry.checks.systems.regions import Regions, regions
from gaugeflow.symmetry.checks.trials.subject import Unusable, compare
from gaugeflow.symmetry.checks.trials.typed import Typed
from gaugeflow.symmetry.reports.findings import Verdict
from gaugeflow.symmetry.reports.report import Report

__all__ = ["check_local"]

_PLACES = 4


def check_local(
    f: Callable[..., Any],
    x: Tree,
    radius: float,
    *,
    out: Any,
    seed: int = 0,
    trials: int = 8,
    fresh: bool = True,
    tolerance: float = 0.0,
    label: str | None = None,
) -> Report:
    """Check that nothing depends on anything further away than `radius`, from four random places of each entry.

    Of fields and features: the output at one site or particle stays when the input beyond the radius is replaced. Of
    scalars and tensors, which are totals: no term holds both, f(a, b) - f(a', b) - f(a, b') + f(a', b') = 0 where a is
    the input at one site or particle and b the input beyond the radius.

    On a lattice the distance is the largest number of steps along any axis, and a link belongs to the site that it
    leads from. Between points it is the usual one, in a `Cell` that to the nearest image; points that are replaced move
    by a fraction of the radius. Trials, `fresh` and `tolerance` as for `check_invertible`.

    Raises:
        ValueError: the radius is negative, the input has no places, or the output is of none of these types.
    """
    start = time.perf_counter()
    if not radius >= 0:
        raise ValueError(f"expected a radius of 0 or more, got {radius}")
    regions(x, radius, torch.Generator())  # whether there are places at all
    there = Typed(f, out)

    def errors(x: Tree, dtype: torch.dtype) -> list[tuple[Tensor, Tensor]]:
        noise = torch.Generator().manual_seed(seed)
        return [pair for _ in range(_PLACES) for pair in _errors(there, x, regions(x, radius, noise), radius, dtype)]

    claim = Property(
        f"nothing is seen beyond {radius:g}",
        errors,
        there,
        x,
        there.precision,
        lambda x, d: conditioning(there.subject, x, d),
    )
    finding = judged(claim, seed=seed, trials=trials, fresh=fresh, tolerance=tolerance)
    there.subject.restore()
    return Report(label or label_of(f), (finding,), time.perf_counter() - start)


def _errors(there: Typed, x: Tree, at: Regions, radius: float, dtype: torch.dtype) -> list[tuple[Tensor, Tensor]]:
    if not bool(at.far.any()):
        message = f"nothing in the example is further than {radius:g} from anything else; give a larger one"
        raise Unusable(Verdict.VACUOUS, message)
    (y, _), (y_far, _) = there(x, dtype), there(at.replaced(x, far=True), dtype)
    kept = at.kept(y_far, y)
    if all(map(at.has_place, leaves(y))):
        return compare(kept, y)
    (y_here, _), (y_both, _) = (there(at.replaced(x, here=True, far=far), dtype) for far in (False, True))
    trees = (kept, y, y_both, y_far, y_here)
    sides = [_sides(*five) for five in zip(*map(leaves, trees), strict=True)]
    return compare(tuple(left for left, _ in sides), tuple(right for _, right in sides))


def _sides(kept: Value, y: Value, both: Value, far: Value, here: Value) -> tuple[Value, Value]:
    """What must be equal: the output here, or f(a, b) + f(a', b') and f(a', b) + f(a, b') of a total."""
    if Regions.has_place(y):
        return kept, y
    if not isinstance(y, (Scalars, Invariants, CartesianTensors)) or isinstance(y, Angles):
        raise ValueError(f"expected fields, features, scalars or tensors as output, got {y.name}")
    return y.with_data(y.data + both.data), y.with_data(far.data + here.data)
