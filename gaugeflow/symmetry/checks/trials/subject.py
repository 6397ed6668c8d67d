"""The function under test: called safely, its output typed, its failures named."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from gaugeflow.symmetry.actions.groups import Element
from gaugeflow.symmetry.actions.values import (
    Tree,
    Value,
    batch_size,
    call_raw,
    leaves,
    map_tensors,
    raw_of,
    take_entry,
    value_type,
    zip_leaves,
)
from gaugeflow.symmetry.checks.trials.casting import Held, PrecisionWatch, cast, held_by, in_precision, stored_eps
from gaugeflow.symmetry.reports.findings import Verdict

__all__ = ["Subject", "Unusable", "acted", "compare", "wrap"]

_CHANNELS = 64


class Unusable(Exception):
    """A call whose result cannot be compared; `verdict` and the message say why."""

    def __init__(self, verdict: Verdict, message: str) -> None:
        super().__init__(message)
        self.verdict = verdict
        self.message = message


@dataclass
class Subject:
    """A function with the reading of its output.

    `batched = False` is for a function of one example without batch axis. The inputs it gets are copies, so
    that what it does to them in place stays without effect; `mutates` tells that it happened. `bits` rounds the
    parameters, buffers and other tensors that it holds.
    """

    f: Callable[..., Any]
    out: Any
    batched: bool = True
    bits: int | None = None
    mutates: bool = False
    casts_loose: set[torch.dtype] = field(default_factory=set)
    held: Held = field(init=False)

    def __post_init__(self) -> None:
        self.held = held_by(self.f)

    @property
    def modules(self) -> list[nn.Module]:
        return self.held.modules

    @property
    def depth(self) -> int:
        """The number of innermost layers, one for a plain function."""
        inner = [m for root in self.modules for m in root.modules() if not any(m.children())]
        return max(1, len(inner))

    def __call__(self, x: Tree, dtype: torch.dtype) -> Tree:
        """The typed output in `dtype`; `Unusable` if it raises or is of another type, shape or not finite."""
        # whatever mode the caller is in: the function may differentiate inside
        with torch.inference_mode(False), torch.enable_grad():
            given = map_tensors(lambda t: cast(t, dtype).detach().clone(memory_format=torch.contiguous_format), x)
            before = [(t, t._version) for leaf in leaves(given) for t in leaf.tensors]
            raw = self._call_in(dtype, given)
        self.mutates |= any(t._version != version for t, version in before)
        y = wrap(self.out, raw)
        self._validate(y, batch_size(x))
        return map_tensors(Tensor.detach, y)

    def _call_in(self, dtype: torch.dtype, given: Tree) -> Any:
        """The plain output. Tensors that are no parameters keep their dtype, unless it fails because of them."""
        attempts = [dtype in self.casts_loose, True] if self.held.tensors else [False]
        for loose in dict.fromkeys(attempts):
            try:
                with in_precision(self.held, dtype, self.bits, loose):
                    raw = self.call(given)
            except Exception as error:
                failure = Unusable(Verdict.RAISED, f"{type(error).__name__}: {_first_line(error)}")
                failure.__cause__ = error
            else:
                self.casts_loose |= {dtype} if loose else set()
                return raw
        raise failure

    def call(self, x: Tree) -> Any:
        """The plain output, in the precision of `x`, whatever it is."""
        if self.batched:
            return call_raw(self.f, raw_of(x))
        raw = raw_of(x)
        return _stack([call_raw(self.f, take_entry(raw, i)) for i in range(batch_size(x))])

    def _validate(self, y: Tree, batch: int) -> None:
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


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:300] if lines else "no message"


def _stack(rows: list[Any]) -> Any:
    first = rows[0]
    if isinstance(first, Tensor):
        return torch.stack(rows)
    if isinstance(first, Mapping):
        return {key: _stack([row[key] for row in rows]) for key in first}
    if isinstance(first, (tuple, list)):
        return tuple(_stack([row[i] for row in rows]) for i in range(len(first)))
    if isinstance(first, (float, int, complex)):
        return torch.tensor(rows)
    return first


def wrap(out: Any, raw: Any) -> Tree:
    """The plain output `raw` read as the tree of value types `out`; `Unusable` where it does not fit."""
    if isinstance(out, Mapping):
        if not isinstance(raw, Mapping) or set(raw) != set(out):
            raise Unusable(Verdict.WRONG_TYPE, f"expected a dict with the keys {sorted(out)}, got {_describe(raw)}")
        return {key: wrap(spec, raw[key]) for key, spec in out.items()}
    if isinstance(out, (tuple, list)):
        if not isinstance(raw, (tuple, list)) or len(raw) != len(out):
            raise Unusable(Verdict.WRONG_TYPE, f"expected a tuple of {len(out)} outputs, got {_describe(raw)}")
        return tuple(wrap(spec, part) for spec, part in zip(out, raw, strict=True))
    parts = tuple(raw) if isinstance(raw, (tuple, list)) else (raw,)
    if not parts or not all(isinstance(part, Tensor) for part in parts):
        raise Unusable(Verdict.WRONG_TYPE, f"expected a tensor, got {_describe(raw)}")
    make = value_type(out)
    try:
        value = make(*parts)
    except TypeError as error:
        raise Unusable(Verdict.WRONG_TYPE, f"{error}; the function returned {_describe(raw)}") from error
    except (ValueError, RuntimeError, IndexError) as error:
        raise Unusable(Verdict.WRONG_SHAPE, str(error)) from error
    if not isinstance(value, Value):
        raise TypeError(f"expected out to be a value type, got {out!r}, which makes {type(value).__name__}")
    return value


def _describe(raw: Any) -> str:
    if isinstance(raw, Tensor):
        return f"a tensor of shape {tuple(raw.shape)}"
    if isinstance(raw, Mapping):
        return f"a dict with the keys {sorted(map(str, raw))}"
    if isinstance(raw, (tuple, list)):
        return f"a {type(raw).__name__} of {len(raw)}"
    return "None" if raw is None else f"a {type(raw).__name__}"


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


def acted(g: Element, y: Tree) -> Tree:
    """D(g) y; `Unusable` if the output does not have the shape on which g acts."""
    try:
        return g(y)
    except (RuntimeError, IndexError) as error:
        shapes = [tuple(t.shape) for leaf in leaves(y) for t in leaf.tensors]
        message = f"the group element cannot act on an output of shape {shapes}: {_first_line(error)}"
        raise Unusable(Verdict.WRONG_SHAPE, message) from error
