"""Plain tensors read as values and written back; what a route cannot work with is said before it starts."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import torch

from gaugeflow.symmetry.actions.groups import Group, find_action
from gaugeflow.symmetry.actions.values import IGNORE, Tree, Value, leaves, raw_of, value_type
from gaugeflow.symmetry.checks.trials.outputs import Unusable, wrap

__all__ = ["kinds_of", "precision_of", "read", "read_call", "require_actions", "written_like"]


def read(spec: Any, raw: Any, what: str) -> Tree:
    """`raw` as values of the types `spec`; a `ValueError` that says what was expected where it does not fit."""
    try:
        return wrap(spec, raw)
    except Unusable as unusable:
        raise ValueError(f"{what}: {unusable.message}") from unusable


def read_call(types: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Tree:
    """The plain tensors of a call as values; a `ValueError` for an argument that `types` does not name, which would
    not reach the function, and for values instead of plain tensors."""
    named = isinstance(types, Mapping)
    if args if named else kwargs:
        said, given = (
            (f"keyword arguments {sorted(types)}", "positional ones") if named else ("none by name", [*kwargs])
        )
        raise ValueError(f"input: expected {said}, got {given}; f is given what `types` names, and nothing else")
    typed = [type(part).__name__ for part in (*args, *kwargs.values()) if isinstance(part, Value)]
    if typed:
        raise ValueError(f"input: expected plain tensors, as for the function itself, got {', '.join(typed)}")
    one = len(args) == 1 and not isinstance(types, (tuple, list)) and not isinstance(args[0], (tuple, list))
    return read(types, kwargs if named else args[0] if one else args, "input")


def written_like(raw: Any, y: Tree) -> Any:
    """The plain tensors of `y`, in a named tuple where `raw` is one."""
    plain = raw_of(y)
    if not hasattr(raw, "_fields"):
        return plain
    return type(raw)(**plain) if isinstance(plain, Mapping) else type(raw)(*plain)


def precision_of(x: Tree) -> torch.dtype:
    """The precision of group elements: that of the finest tensor of `x`, float32 or float64; float64 for integers.

    A `TypeError` for half precision, in which group elements are not elements of the group.
    """
    inexact = [t for leaf in leaves(x) for t in leaf.tensors if t.is_floating_point() or t.is_complex()]
    for tensor in inexact:
        if tensor.dtype not in (torch.float32, torch.float64, torch.complex64, torch.complex128):
            raise TypeError(
                f"routes move their inputs in float32 or float64, got {tensor.dtype}: convert the input, and let the "
                "function itself compute in half precision"
            )
    coarse = [t.dtype in (torch.float32, torch.complex64) for t in inexact]
    return torch.float32 if coarse and all(coarse) else torch.float64


def kinds_of(spec: Any) -> list[type[Value]]:
    """The value types of a specification, as far as it names any."""
    if isinstance(spec, Mapping):
        return [kind for part in spec.values() for kind in kinds_of(part)]
    if isinstance(spec, (tuple, list)):
        return [kind for part in spec for kind in kinds_of(part)]
    if spec == IGNORE:
        raise ValueError('expected a type for every input and output of a route, got "ignore"')
    make = value_type(spec)
    kind = make.func if isinstance(make, partial) else make
    return [kind] if isinstance(kind, type) and issubclass(kind, Value) else []


def require_actions(group: Group, *specs: Any) -> None:
    """A `NoAction` with its reason where a part of the group acts on one of the types not at all."""
    for spec in specs:
        for kind in kinds_of(spec):
            for part in group.parts():
                find_action(type(part), kind)
