"""A plain output read as typed values; where it does not fit, what was expected and what came."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import partial
from typing import Any

from torch import Tensor

from gaugeflow.symmetry.actions.values import IGNORE, Tree, Value, value_type
from gaugeflow.symmetry.reports.findings import Verdict

__all__ = ["Unusable", "wrap"]

_ANY_NUMBER = 1_000


class Unusable(Exception):
    """A call whose result cannot be compared; `verdict` and the message say why."""

    def __init__(self, verdict: Verdict, message: str) -> None:
        super().__init__(message)
        self.verdict = verdict
        self.message = message


def wrap(out: Any, raw: Any) -> Tree:
    """The plain output `raw` read as the tree of value types `out`; `Unusable` where it does not fit.

    Named tuples and dataclasses are read by a dict of their fields, or by a tuple. What is to be read as "ignore"
    leaves nothing behind.
    """
    if isinstance(out, Mapping):
        named = _by_name(raw)
        if named is None or set(named) != set(out):
            raise _misfit(f"expected a dict with the keys {sorted(out)}", raw)
        return {key: wrap(spec, named[key]) for key, spec in out.items()}
    if isinstance(out, (tuple, list)):
        parts = tuple(_by_name(raw).values()) if is_dataclass(raw) else raw  # type: ignore[union-attr]
        if not isinstance(parts, (tuple, list)) or len(parts) != len(out):
            raise _misfit(f"expected a tuple of {len(out)} outputs", raw)
        return tuple(wrap(spec, part) for spec, part in zip(out, parts, strict=True))
    return () if out == IGNORE else _one_value(out, raw)


def _one_value(out: Any, raw: Any) -> Value:
    parts = tuple(raw) if isinstance(raw, (tuple, list)) else (raw,)
    make, most = value_type(out), _most_tensors(out)
    if not parts or len(parts) > most or not all(isinstance(part, Tensor) for part in parts):
        raise _misfit("expected a tensor" if most == 1 else f"expected at most {most} tensors", raw)
    try:
        value = make(*parts)
    except TypeError as error:
        raise Unusable(Verdict.WRONG_TYPE, f"{error}; the function returned {_describe(raw)}") from error
    except (ValueError, RuntimeError, IndexError) as error:
        raise Unusable(Verdict.WRONG_SHAPE, str(error)) from error
    if not isinstance(value, Value):
        raise TypeError(f"expected out to be a value type, got {out!r}, which makes {type(value).__name__}")
    return value


def _most_tensors(out: Any) -> int:
    """How many tensors a value type takes; a function that makes values may take any number."""
    make = value_type(out)
    kind = make.func if isinstance(make, partial) else make
    if not (isinstance(kind, type) and issubclass(kind, Value)):
        return _ANY_NUMBER
    return sum(str(part.type).startswith("Tensor") for part in fields(kind))


def _by_name(raw: Any) -> Mapping[str, Any] | None:
    if isinstance(raw, Mapping):
        return raw
    if is_dataclass(raw) and not isinstance(raw, type):
        return {part.name: getattr(raw, part.name) for part in fields(raw)}
    named: dict[str, Any] | None = raw._asdict() if hasattr(raw, "_asdict") else None
    return named


def _misfit(expected: str, raw: Any) -> Unusable:
    several = isinstance(raw, (tuple, list, Mapping)) or is_dataclass(raw)
    hint = '; give `out` a type for each of its parts, "ignore" for one that does not matter' if several else ""
    return Unusable(Verdict.WRONG_TYPE, f"{expected}, got {_describe(raw)}{hint}")


def _describe(raw: Any) -> str:
    if isinstance(raw, Tensor):
        return f"a tensor of shape {tuple(raw.shape)}"
    named = _by_name(raw)
    if named is not None:
        kind = "dict" if isinstance(raw, Mapping) else type(raw).__name__
        return f"a {kind} with the keys {sorted(map(str, named))}"
    if isinstance(raw, (tuple, list)):
        return f"a {type(raw).__name__} of {len(raw)}"
    if type(raw).__module__ == "numpy":
        return f"a numpy {type(raw).__name__}, of which torch.from_numpy makes a tensor"
    return "None" if raw is None else f"a {type(raw).__name__}"
