"""A map with or without a log-determinant: its values, and the log-determinant of its Jacobian."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from gaugeflow.symmetry.actions.coordinates import displaced, moved_along, read_tangent, tangent_scale, tangent_size
from gaugeflow.symmetry.actions.values import Tree, batch_size, device_of, leaves, map_leaves, map_tensors
from gaugeflow.symmetry.checks.trials.casting import PrecisionWatch, cast
from gaugeflow.symmetry.checks.trials.differences import difference
from gaugeflow.symmetry.checks.trials.held import stored_eps
from gaugeflow.symmetry.checks.trials.subject import Subject, Unusable, wrap
from gaugeflow.symmetry.reports.findings import Verdict

__all__ = ["Map", "spec_of"]

_STEP = 2.0**-7
_CAUTION = 10.0


def spec_of(x: Tree) -> Any:
    """What reads a plain output as values like `x`."""
    return map_leaves(lambda leaf: lambda *raw: _like(leaf, raw), x)


def _like(leaf: Any, raw: tuple[Tensor, ...]) -> Any:
    parts = iter(raw)
    return leaf.map(lambda _: next(parts))


class Map:
    """A function that returns values like `x`, or the pair of these and log|det J|, `(batch,)` or `(batch, 1)`."""

    def __init__(self, f: Callable[..., Any], x: Tree) -> None:
        self.spec = spec_of(x)
        self.takes_two = isinstance(x, tuple) and len(x) == 2
        self.subject = Subject(f, None)

    def __call__(self, x: Tree, dtype: torch.dtype) -> tuple[Tree, Tensor | None]:
        y, log_det = self._split(self.subject.raw(x, dtype), batch_size(x))
        return map_tensors(Tensor.detach, y), None if log_det is None else log_det.detach()

    def precision(self, x: Tree, dtype: torch.dtype) -> float:
        """The machine epsilon in effect, coarser where the map or its log-determinant rounds down inside."""
        with PrecisionWatch(dtype) as watch:
            y, log_det = self(x, dtype)
        made = [t for leaf in leaves(y) for t in leaf.tensors] + ([] if log_det is None else [log_det])
        return max([watch.eps] + [stored_eps(t, dtype) for t in made])

    def _split(self, raw: Any, batch: int) -> tuple[Tree, Tensor | None]:
        log_det = None
        if isinstance(raw, (tuple, list)) and len(raw) == 2 and self._is_log_det(raw, batch):
            raw, log_det = raw[0], raw[1].reshape(batch)
        y = wrap(self.spec, raw)
        if any(not leaf.is_finite() for leaf in leaves(y)) or (log_det is not None and not log_det.isfinite().all()):
            raise Unusable(Verdict.NOT_FINITE, "the output or its log-determinant holds NaN or infinity")
        return y, log_det

    def _is_log_det(self, raw: Any, batch: int) -> bool:
        if self.takes_two and isinstance(raw[0], Tensor):
            return False
        return tuple(getattr(raw[1], "shape", ())) in ((batch,), (batch, 1))

    def jacobian_log_det(self, x: Tree, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        """log|det| of the Jacobian in local coordinates, `(batch,)`, one backward pass for each row, and how exact it
        is: to rounding, except for outputs that are detached, where differences stand for derivatives.

        `Unusable` where the Jacobian is singular: such a map is not invertible.
        """
        x = map_tensors(lambda t: cast(t, dtype).detach(), x)
        with torch.inference_mode(False), torch.enable_grad():
            w = torch.zeros(batch_size(x), tangent_size(x), dtype=dtype, device=device_of(x), requires_grad=True)
            rows = self.subject.call_in(dtype, displaced(x, w), lambda raw: self._rows(raw, w))
        if rows is not None:
            return _log_det(rows), torch.zeros(len(rows), dtype=torch.float64, device=rows.device)
        coarse, fine = (_log_det(self._rows_by_differences(x, h)) for h in (_STEP, _STEP / 2))
        return fine, _CAUTION * (coarse - fine).abs()

    def _rows(self, raw: Any, w: Tensor) -> Tensor | None:
        """The rows of the Jacobian in front, None where the output does not depend on `w` in a way autograd sees."""
        y, _ = self._split(raw, len(w))
        v = read_tangent(y, map_tensors(Tensor.detach, y))
        if v.shape != w.shape:
            raise Unusable(Verdict.WRONG_SHAPE, f"expected {w.shape[1]} coordinates of the output, got {v.shape[1]}")
        if not v.requires_grad:
            return None
        rows = [
            torch.autograd.grad(v[:, k].sum(), w, retain_graph=True, allow_unused=True)[0] for k in range(v.shape[1])
        ]
        return torch.stack([torch.zeros_like(w) if row is None else row for row in rows], dim=1)

    def _rows_by_differences(self, x: Tree, step: float) -> Tensor:
        """The same in float64 from values of the map alone; the coordinates of the input are in their own scale."""
        x = map_tensors(lambda t: cast(t, torch.float64), x)
        origin, _ = self(x, torch.float64)
        scale = tangent_scale(x).to(device_of(x))
        columns = []
        for k, length in enumerate(scale.tolist()):
            direction = torch.zeros(batch_size(x), len(scale), dtype=torch.float64, device=scale.device)
            direction[:, k] = length

            def value(h: float, direction: Tensor = direction) -> Tensor:
                return read_tangent(self(moved_along(x, h * direction), torch.float64)[0], origin)

            columns.append(difference(value, step) / length)
        return torch.stack(columns, dim=2)


def _log_det(rows: Tensor) -> Tensor:
    if not bool(rows.isfinite().all()):
        raise Unusable(Verdict.NOT_FINITE, "the Jacobian holds NaN or infinity")
    log_det = torch.linalg.slogdet(rows).logabsdet
    singular = int((~log_det.isfinite()).sum())
    if singular:
        message = f"the Jacobian is singular for {singular} of {len(rows)} inputs: the map is not invertible there"
        raise Unusable(Verdict.BROKEN, message)
    return log_det.detach()
