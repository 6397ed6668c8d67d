"""Properties of a bijection: its inverse inverts it, and its log-determinant is that of its Jacobian."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from gaugeflow.symmetry.actions.values import Tree, map_tensors
from gaugeflow.symmetry.checks.equivariance import label_of
from gaugeflow.symmetry.checks.layers.log_det import locate_log_det
from gaugeflow.symmetry.checks.pairs import Property, judged
from gaugeflow.symmetry.checks.probe import conditioning
from gaugeflow.symmetry.checks.trials.casting import cast
from gaugeflow.symmetry.checks.trials.maps import Map
from gaugeflow.symmetry.checks.trials.subject import Unusable, compare
from gaugeflow.symmetry.reports.findings import Verdict
from gaugeflow.symmetry.reports.report import Report

__all__ = ["check_invertible", "check_logdet"]


def check_invertible(
    forward: Callable[..., Any],
    inverse: Callable[..., Any],
    x: Tree,
    *,
    seed: int = 0,
    trials: int = 8,
    fresh: bool = True,
    tolerance: float = 0.0,
    label: str | None = None,
) -> Report:
    """Check inverse(forward(x)) = x and forward(inverse(x)) = x, and that the two log-determinants cancel.

    Each function returns values like `x`, or the pair (values like `x`, log|det J| of shape `(batch,)`).
    The trials are the entries of `x` and, with `fresh`, random inputs, in float32 and float64. Where float32 has no
    digits left, as far out in the tails of a density, the way back may amplify the rounding of the way there as much
    as it does. Where the inverse does not take the example, as for a map onto a bounded domain, the way back is tried
    on outputs of the map. `tolerance` as for `check`.
    """
    there, back = Map(forward, x), Map(inverse, x)

    def round_trip(claim: str, first: Map, second: Map, given: Tree) -> Property:
        return Property(
            claim,
            lambda x, d: _there_and_back(first, second, x, d),
            there,
            given,
            amplification=lambda x, d: conditioning(lambda y, d: second(y, d)[0], first(x, d)[0], d),
            precision=lambda x, d: max(first.precision(x, d), second.precision(first(x, d)[0], d)),
        )

    start = time.perf_counter()
    options: dict[str, Any] = {"seed": seed, "trials": trials, "fresh": fresh, "tolerance": tolerance}
    first = judged(round_trip("inverse(forward(x)) = x", there, back, x), **options)
    second = judged(round_trip("forward(inverse(x)) = x", back, there, x), **options)
    if second.verdict in (Verdict.NOT_FINITE, Verdict.RAISED) and first.verdict is Verdict.HOLDS:
        images = there(x, torch.float64)[0]
        note = f"the inverse does not take the example ({second.message}), so it was given outputs of the map"
        second = judged(
            round_trip("forward(inverse(x)) = x", back, there, images), **options | {"fresh": False}, notes=(note,)
        )
    there.subject.restore()
    back.subject.restore()
    return Report(label or label_of(forward), (first, second), time.perf_counter() - start)


def _there_and_back(first: Map, second: Map, x: Tree, dtype: torch.dtype) -> list[tuple[Tensor, Tensor]]:
    y, log_det = first(x, dtype)
    again, log_back = second(y, dtype)
    pairs = compare(again, map_tensors(lambda t: cast(t, dtype), x))
    if log_det is not None and log_back is not None:
        unit = torch.maximum(log_det.abs(), torch.ones_like(log_det)).double()
        pairs.append(((log_det + log_back).abs().double()[None], unit[None]))
    return pairs


def check_logdet(
    forward: Callable[..., Any],
    x: Tree,
    *,
    seed: int = 0,
    trials: int = 4,
    fresh: bool = True,
    tolerance: float = 0.0,
    label: str | None = None,
) -> Report:
    """Check that the second output of `forward(x) -> (y, log|det J|)` is that of the Jacobian by autograd.

    The Jacobian is taken in local coordinates, those of the algebra for links, so the density is that of the Haar
    measure. It costs one backward pass for each coordinate: use a small lattice. Where the output is detached from
    the input, differences of the values stand for derivatives. Of a map made of layers that return such pairs the
    first wrong layer is named. `fresh` and `tolerance` as for `check`; an estimated log-determinant needs a tolerance.
    """
    there = Map(forward, x)

    def errors(x: Tree, dtype: torch.dtype) -> list[tuple[Tensor, Tensor]]:
        _, log_det = there(x, dtype)
        if log_det is None:
            raise Unusable(Verdict.WRONG_TYPE, "expected the pair (y, log|det J|), got y alone")
        exact, uncertain = there.jacobian_log_det(x, dtype)
        unit = torch.maximum(exact.abs(), torch.ones_like(exact)).double()
        error = ((log_det.double() - exact.double()).abs() - uncertain).clamp(min=0)
        return [(error[None], unit[None])]

    start = time.perf_counter()
    claim = Property("log-determinant = autograd Jacobian", errors, there, x, precision=there.precision)
    finding = judged(claim, seed=seed, trials=trials, fresh=fresh, tolerance=tolerance)
    if finding.verdict is Verdict.BROKEN and finding.worst is not None:
        finding = locate_log_det(there, finding)
    there.subject.restore()
    return Report(label or label_of(forward), (finding,), time.perf_counter() - start)
