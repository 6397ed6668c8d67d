"""Which layer of a flow returns a wrong log-determinant: the first whose own is not that of its own Jacobian."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from gaugeflow.symmetry.actions.values import Value, batch_size
from gaugeflow.symmetry.checks.layers.trace import Call, recorded
from gaugeflow.symmetry.checks.trials.maps import Map
from gaugeflow.symmetry.checks.trials.subject import Unusable
from gaugeflow.symmetry.reports.findings import Finding, LayerError

__all__ = ["locate_log_det"]


def locate_log_det(there: Map, finding: Finding) -> Finding:
    """The finding with the layers that return (y, log|det J|), and the first, innermost one that is wrong."""
    x = finding.worst.x if finding.worst else None
    if not isinstance(x, Value) or not there.subject.modules:
        return finding
    with recorded(there.subject.modules) as calls:
        there.subject.raw(x, torch.float64)
    rows = {id(inner): row for call in calls for inner in call.walk() if (row := _row(inner, x)) is not None}
    wrong = {key for key, row in rows.items() if row.own is not None and not row.own <= (finding.allowed or 0.0)}
    return replace(finding, broken_at=_innermost(calls, wrong), layers=tuple(rows.values()))


def _innermost(calls: list[Call], wrong: set[int]) -> str | None:
    """The first call that is wrong; of those around it and inside it, the one inside."""
    for call in calls:
        found = _innermost(call.inner, wrong) or (call.name if id(call) in wrong else None)
        if found:
            return found
    return None


def _row(call: Call, x: Value) -> LayerError | None:
    """The error of one layer by itself, None for a layer that is no such map of values like `x`."""
    pair, given = call.output, call.inputs
    if not (isinstance(pair, tuple) and len(pair) == 2 and len(given) == 1 and given[0].shape == x.data.shape):
        return None
    if not (isinstance(pair[1], Tensor) and pair[1].numel() == batch_size(x)):
        return None
    alone, value = Map(call.module, x), x.with_data(given[0])
    try:
        log_det = alone(value, torch.float64)[1]
        exact, _ = alone.jacobian_log_det(value, torch.float64)
    except (Unusable, ValueError):
        return None
    if log_det is None:
        return None
    own = float(((log_det - exact).abs() / exact.abs().clamp(min=1)).max())
    return LayerError(call.name, call.kind, own, None, "log-determinant")
