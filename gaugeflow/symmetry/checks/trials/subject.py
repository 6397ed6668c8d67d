"""The function under test: called safely, its output typed, its failures named."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from gaugeflow.symmetry.actions.groups import Element
from gaugeflow.symmetry.actions.values import (
    Tree,
    batch_size,
    call_raw,
    leaves,
    map_tensors,
    raw_of,
    take_entry,
    zip_leaves,
)
from gaugeflow.symmetry.checks.trials.casting import Change, PrecisionWatch, cast, in_precision
from gaugeflow.symmetry.checks.trials.held import Held, held_by, stored_eps, watched_calls
from gaugeflow.symmetry.checks.trials.outputs import Unusable, wrap
from gaugeflow.symmetry.checks.trials.state import State
from gaugeflow.symmetry.reports.findings import Verdict

__all__ = ["Subject", "Unusable", "acted", "compare", "first_line", "wrap"]

_CHANNELS = 64
_SEARCHES = 3
_OTHER_PRECISION = re.compile(
    r"same dtype|scalar type|should be the same|dtype .* (float|double)|Float and Double", re.I
)


@dataclass
class Subject:
    """A function with the reading of its output.

    `batched = False` is for a function of one example without batch axis. The inputs it gets are copies, so
    that what it does to them in place stays without effect; `mutates` tells that it happened. `change` makes other
    numbers of the parameters, buffers and other tensors that it holds. Modules that no name leads to are found when
    they are called. `restore` puts back what the calls have stored in modules and objects.
    """

    f: Callable[..., Any]
    out: Any
    batched: bool = True
    change: Change | None = None
    mutates: bool = False
    casts_loose: set[torch.dtype] = field(default_factory=set)
    held: Held = field(init=False)

    def __post_init__(self) -> None:
        self.held = held_by(self.f)
        self.states = [State(self.held, self.held.loose())]
        self.called: list[nn.Module] = []
        self.watched: set[torch.dtype] = set()

    @property
    def modules(self) -> list[nn.Module]:
        """The outermost modules of those that are called, as far as any are."""
        called = {id(module) for module in self.called}
        used = [root for root in self.held.modules if any(id(part) in called for part in root.modules())]
        return used or self.held.modules

    @property
    def depth(self) -> int:
        """The number of innermost layers, one for a plain function."""
        inner = [m for root in self.modules for m in root.modules() if not any(m.children())]
        return max(1, len(inner))

    def changed(self, change: Change) -> Subject:
        """The same function with other numbers in what it holds."""
        other = copy(self)
        other.change = change
        return other

    def restore(self) -> None:
        for state in reversed(self.states):
            state.restore()

    def __call__(self, x: Tree, dtype: torch.dtype) -> Tree:
        """The typed output in `dtype`; `Unusable` if it raises or is of another type, shape or not finite."""
        y = wrap(self.out, self.raw(x, dtype))
        self._validate(y, batch_size(x))
        return map_tensors(Tensor.detach, y)

    def raw(self, x: Tree, dtype: torch.dtype) -> Any:
        """The plain output in `dtype`; `Unusable` if it raises."""
        # whatever mode the caller is in: the function may differentiate inside
        with torch.inference_mode(False), torch.enable_grad():
            given = map_tensors(lambda t: cast(t, dtype).detach().clone(memory_format=torch.contiguous_format), x)
            before = [(t, t._version) for leaf in leaves(given) for t in leaf.tensors]
            raw = self.call_in(dtype, given)
        self.mutates |= any(t._version != version for t, version in before)
        return raw

    def call_in(self, dtype: torch.dtype, given: Tree, use: Callable[[Any], Any] = lambda raw: raw) -> Any:
        """What `use` makes of the plain output of `given`, which is in `dtype`, while the function is. If modules turn
        up to which no name led, once more with these in `dtype` too."""
        for _ in range(_SEARCHES if dtype not in self.watched else 0):
            known, self.called = len(self.states), []
            try:
                with watched_calls(self._meet):
                    made = self._attempts(dtype, given, use)
            except Unusable:
                if len(self.states) == known:
                    raise
            else:
                self.watched.add(dtype)
                if len(self.states) == known:
                    return made
        return self._attempts(dtype, given, use)

    def _meet(self, module: nn.Module) -> None:
        """A module is about to be called: if it was not known, it is now, with the state that it has before."""
        self.called.append(module)
        registered = [*module.parameters(), *module.buffers()]
        if registered and not self.held.knows(module):
            found = held_by(module)
            self.held = (self.held + found).with_modules([module])
            self.states.append(State(found, [*registered, *found.loose()]))

    def _attempts(self, dtype: torch.dtype, given: Tree, use: Callable[[Any], Any]) -> Any:
        """Tensors that are no parameters keep their dtype, unless it fails because of them."""
        attempts = [dtype in self.casts_loose, True] if self.held.tensors else [False]
        for loose in dict.fromkeys(attempts):
            try:
                with in_precision(self.held, dtype, self.change, loose):
                    made = use(self.call(given))
            except Unusable:
                raise
            except Exception as error:
                failure = Unusable(Verdict.RAISED, _explained(error))
                failure.__cause__ = error
            else:
                self.casts_loose |= {dtype} if loose else set()
                return made
            finally:
                for state in self.states:
                    state.restore(numbers=False)
        raise failure

    def call(self, x: Tree) -> Any:
        """The plain output, in the precision of `x`, whatever it is."""
        if self.batched:
            return call_raw(self.f, raw_of(x))
        raw = raw_of(x)
        return _stack([call_raw(self.f, take_entry(raw, i)) for i in range(batch_size(x))])

    def _validate(self, y: Tree, batch: int) -> None:
        if not leaves(y):
            raise Unusable(Verdict.WRONG_TYPE, "every output is ignored, so that nothing is left to check")
        for leaf in leaves(y):
            for tensor in leaf.tensors:
                if tensor.shape[0] != batch:
                    raise Unusable(
                        Verdict.WRONG_SHAPE,
                        f"expected {batch} entries along the first axis of the output, one for each entry of the "
                        f"input, got shape {tuple(tensor.shape)}",
                    )
            if not leaf.is_finite():
                raise Unusable(Verdict.NOT_FINITE, f"the output ({leaf.name}) holds NaN or infinity")

    def precision(self, x: Tree, dtype: torch.dtype) -> float:
        """The machine epsilon in effect: coarser than that of `dtype` where the function rounds down inside."""
        watch = PrecisionWatch(dtype)
        with watch:
            y = self(x, dtype)
        return max([watch.eps] + [stored_eps(t, dtype) for leaf in leaves(y) for t in leaf.tensors])


def _explained(error: Exception) -> str:
    """The error in a line; where two precisions meet, what to do about it."""
    line = first_line(error)
    if isinstance(error, RuntimeError) and _OTHER_PRECISION.search(line):
        return (
            f"it holds a tensor or a module of another precision that was not found ({line}): name it, as in "
            "functools.partial(f, net=net), so that it is cast along with the input"
        )
    return f"{type(error).__name__}: {line}"


def first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:300] if lines else "no message"


def _stack(rows: list[Any]) -> Any:
    first = rows[0]
    if isinstance(first, Tensor):
        return torch.stack(rows)
    if isinstance(first, Mapping):
        return {key: _stack([row[key] for row in rows]) for key in first}
    if is_dataclass(first) and not isinstance(first, type):
        parts = {part.name: _stack([getattr(row, part.name) for row in rows]) for part in fields(first)}
        return replace(first, **parts)
    if isinstance(first, (tuple, list)):
        stacked = tuple(_stack([row[i] for row in rows]) for i in range(len(first)))
        return type(first)(*stacked) if hasattr(first, "_fields") else stacked
    if isinstance(first, (float, int, complex)):
        return torch.tensor(rows)
    return first


def compare(left: Tree, right: Tree) -> list[tuple[Tensor, Tensor]]:
    """Distance and unit of every pair of leaves, `(channels, batch)`; `Unusable` where shapes or types differ."""
    pairs = []
    for a, b in zip_leaves(left, right):
        shapes = [[tuple(t.shape) for t in leaf.tensors] for leaf in (a, b)]
        if shapes[0] != shapes[1]:
            raise Unusable(
                Verdict.WRONG_SHAPE, f"expected {a.name} of shape {shapes[1]} on the transformed input, got {shapes[0]}"
            )
        unit = torch.maximum(a.magnitude(), b.magnitude())
        pairs.append((_fewer(a.distance(b)).T, _fewer(unit).T))
    return pairs


def _fewer(per_channel: Tensor) -> Tensor:
    """At most 64 channels, neighbours put together."""
    groups = per_channel.split(-(-per_channel.shape[1] // _CHANNELS), dim=1)
    return torch.stack([group.amax(1) for group in groups], dim=1)


def acted(g: Element, y: Tree, dtype: torch.dtype) -> Tree:
    """D(g) y in `dtype`; `Unusable` if the output does not have the shape on which g acts."""
    try:
        return g.map(lambda t: cast(t, dtype))(y)
    except (RuntimeError, IndexError) as error:
        shapes = [tuple(t.shape) for leaf in leaves(y) for t in leaf.tensors]
        message = f"the group element cannot act on an output of shape {shapes}: {first_line(error)}"
        raise Unusable(Verdict.WRONG_SHAPE, message) from error
