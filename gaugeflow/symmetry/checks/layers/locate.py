"""Where a composition breaks: the first layer whose own equivariance error is above tolerance.

The model runs on x and on D(g) x with hooks on all layers. An activation is *explained* if some value type says how it
transformed. A layer whose inputs are explained is fed the exactly transformed inputs once more: the difference of its
output from the transformed output, under the best reading, is its *own* error; what is left is *inherited*. The search
goes through the layers in order, and into a broken layer that has layers inside. A layer is excused if its influence on
the result passes only through later layers with explained inputs: its output was of an unknown type, not broken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor

from gaugeflow.symmetry.actions.groups import Element
from gaugeflow.symmetry.actions.values import Tree, map_tensors
from gaugeflow.symmetry.checks.layers.readings import Reader, Reading, relative
from gaugeflow.symmetry.checks.layers.trace import Call, inexact, rebuild, recorded, replaced_outputs
from gaugeflow.symmetry.checks.trials.casting import cast, in_precision
from gaugeflow.symmetry.checks.trials.subject import Subject
from gaugeflow.symmetry.reports.findings import LayerError

__all__ = ["Place", "locate_break"]

OUTSIDE = "outside the layers, in the code around them"


@dataclass(frozen=True)
class Place:
    """The name of the first broken layer (None without any), and the errors of the layers that were looked at."""

    layer: str | None
    layers: tuple[LayerError, ...]


def locate_break(
    subject: Subject, x: Tree, g: Element, dtype: torch.dtype, threshold: float, hidden: Sequence[Any] = ()
) -> Place:
    """Search the modules of `subject` with the input `x` of one entry and the element `g` for which it breaks."""
    if not subject.modules:
        return Place(None, ())
    x, gx = (map_tensors(lambda t: cast(t, dtype), tree) for tree in (x, g(x)))
    with in_precision(subject.held, dtype, loose=dtype in subject.casts_loose):
        try:
            search = _Search(subject, x, gx, Reader(x, g, dtype, hidden), threshold)
        except Exception:  # the model does not run on a single entry
            return Place(None, ())
        return search.place()


def _trace(subject: Subject, x: Tree) -> list[Call]:
    with recorded(subject.modules) as calls:
        subject.call(map_tensors(torch.clone, x))
    return calls


class _Search:
    def __init__(self, subject: Subject, x: Tree, gx: Tree, reader: Reader, threshold: float) -> None:
        self.subject, self.x, self.reader, self.threshold = subject, x, reader, threshold
        self.before, self.after = _trace(subject, x), _trace(subject, gx)
        self.partner = dict(zip(_names(self.before), _all(self.after), strict=False))
        self.rows: list[LayerError] = []

    def place(self) -> Place:
        names = [list(_names(calls)) for calls in (self.before, self.after)]
        if names[0] != names[1]:
            odd = next((a for a, b in zip(*names, strict=False) if a != b), "the last layer")
            return Place(f"the path through the layers changes at {odd}", ())
        culprit = self._first_broken(self.before)
        return Place(culprit or OUTSIDE, tuple(self.rows))

    def _first_broken(self, calls: list[Call]) -> str | None:
        """Depth first: the innermost layer that is broken, or the one around it whose own code is."""
        suspects, explained = [], []
        for call in calls:
            inputs = self._explained_inputs(call)
            own = self._own_error(call, inputs)
            self._note(call, own, inputs)
            if inputs:
                explained.append(call)
            if own is not None and own[0] > self.threshold:
                suspects.append(call)
        for suspect in suspects:
            later = explained[explained.index(suspect) + 1 :]
            if not later or not self._passes_only_through(later, suspect):
                return self._first_broken(suspect.inner) or suspect.name
        return None

    def _explained_inputs(self, call: Call) -> list[Reading] | None:
        """A reading for each input tensor, None if one of them has none."""
        readings = []
        for before, after in zip(call.inputs, self.partner[call.name].inputs, strict=True):
            best = self.reader.readings(before, after)[:1]
            if not best or best[0].error > self.threshold:
                return None
            readings += best
        return readings

    def _own_error(self, call: Call, inputs: list[Reading] | None) -> tuple[float, str] | None:
        """The layer on exactly transformed inputs against its transformed output: the error and the reading."""
        if not inputs or not call.outputs:
            return None
        exact = iter([self.reader.transform(r, t) for r, t in zip(inputs, call.inputs, strict=True)])
        args, kwargs = rebuild((call.args, call.kwargs), lambda _: next(exact))
        try:
            with recorded([call.module]) as calls:
                call.module(*args, **kwargs)
        except Exception:  # it cannot be called alone
            return None
        worst = (0.0, "")
        for before, after in zip(call.outputs, calls[0].outputs, strict=True):
            best = self.reader.readings(before, after)[:1]
            error = (best[0].error, best[0].name) if best else (relative_or_inf(before, after), "nothing known")
            worst = max(worst, error)
        return worst

    def _note(self, call: Call, own: tuple[float, str] | None, inputs: list[Reading] | None) -> None:
        errors = [
            self.reader.readings(before, after)[0].error
            for before, after in zip(call.inputs, self.partner[call.name].inputs, strict=True)
            if self.reader.readings(before, after)
        ]
        inherited = max(errors, default=None)
        reading = own[1] if own else "not known"
        self.rows.append(LayerError(call.name, call.kind, own[0] if own else None, inherited, reading))

    def _passes_only_through(self, later: list[Call], suspect: Call) -> bool:
        """Whether the result stays the same when the output of `suspect` is disturbed and those of `later` are held."""
        hold: list[tuple[Call, Callable[[Any], Any]]] = [(call, partial(_recorded, call)) for call in later]
        disturb = (suspect, lambda output: rebuild(output, lambda t: 1.01 * t + 0.01))
        try:
            with replaced_outputs([*hold, disturb]):
                disturbed = self.subject.call(map_tensors(torch.clone, self.x))
        except Exception:  # the disturbed model breaks down, so it does depend
            return False
        result = self.subject.call(map_tensors(torch.clone, self.x))
        return all(relative_or_inf(a, b) == 0 for a, b in zip(inexact(disturbed), inexact(result), strict=True))


def _recorded(call: Call, _: Any) -> Any:
    return call.output


def _all(calls: list[Call]) -> Iterator[Call]:
    for call in calls:
        yield from call.walk()


def _names(calls: list[Call]) -> Iterator[str]:
    return (call.name for call in _all(calls))


def relative_or_inf(a: Tensor, b: Tensor) -> float:
    return relative(a, b) if a.shape == b.shape else float("inf")
