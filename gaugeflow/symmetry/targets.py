"""What `gaugeflow check` is pointed at: `package.module:object`, and how its inputs and outputs are read.

The object is a function without arguments (or its result) that gives

* a claim (one of `gaugeflow.symmetry.claims`) or a list of claims, or
* `(f, x)`, `(f, x, group)` or `(f, x, group, out)`, or a dict with these keys and further options of `check`,

where x is a value, or plain tensors that the group says how to read: "gauge: links -> scalars". A project that
is checked needs no import of gaugeflow.
"""

from __future__ import annotations

import importlib
import importlib.util
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from torch import Tensor

from gaugeflow.symmetry.actions.declared import parse_group
from gaugeflow.symmetry.actions.groups import Group, group_named
from gaugeflow.symmetry.actions.values import Tree, Value, leaves, value_type
from gaugeflow.symmetry.checks.equivariance import check
from gaugeflow.symmetry.checks.judging import native_dtype
from gaugeflow.symmetry.checks.trials.subject import Subject, Unusable
from gaugeflow.symmetry.claims import Claim, Equivariance, options_of

__all__ = ["TargetError", "claims_of", "functions_of", "load_object"]

Resolver = Callable[[str], Sequence[Claim]]

_READ_AS = {
    "links": ("gauge", "global-gauge", "centre", "charge", "hypercubic", "time-reversal"),
    "image": ("translations", "cyclic", "dihedral", "c2", "c4", "d4"),
    "site_scalars": ("z2",),
    "electrons": ("permutations", "spin-permutations", "fermions", "spin-fermions"),
    "points": ("euclidean", "orthogonal", "rotations", "point-translations"),
}


class TargetError(ValueError):
    """The target cannot be found or read; the message says what was expected and what came."""


def load_object(target: str) -> Any:
    """The object of "package.module:object", modules in the current folder included."""
    module_name, colon, path = target.partition(":")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    if not (module_name and colon and path):
        raise TargetError(f"expected 'package.module:object', got {target!r}{_what_there_is(module_name)}")
    try:
        found: Any = importlib.import_module(module_name)
        for name in path.split("."):
            found = getattr(found, name)
    except (ImportError, AttributeError) as error:
        raise TargetError(f"{target}: {error}") from error
    except (Exception, SystemExit) as error:
        raise TargetError(f"{target}: importing {module_name} raised {type(error).__name__}: {error}") from error
    return found


def _what_there_is(module_name: str) -> str:
    """The functions of a module of which the object was not said."""
    try:
        module = importlib.import_module(module_name)
    except (Exception, SystemExit):
        return ""
    own = [name for name, thing in vars(module).items() if getattr(thing, "__module__", None) == module.__name__]
    return f"; the object after the colon is missing, and {module_name} has {', '.join(own) or 'none of its own'}"


def claims_of(target: str, groups: Sequence[str], resolver: Resolver | None) -> list[Claim]:
    """The claims to verify: those of the target, for each group that is asked for."""
    if _is_other(target) and resolver is not None:
        return _regrouped(list(resolver(target)), groups)
    return claims_from(_made(target), groups, target)


def functions_of(target: str, groups: Sequence[str], resolver: Resolver | None) -> list[Claim]:
    """The functions of a target, each once; one whose example is a value needs no group that says how to read it."""
    made = list(resolver(target)) if _is_other(target) and resolver is not None else _made(target)
    claims = _functions(made, groups, target)
    if not claims:
        raise TargetError(f"{target}: expected at least one function to look at, got none")
    return list({(id(claim.f), id(claim.x)): claim for claim in claims}.values())


def _functions(made: Any, groups: Sequence[str], label: str) -> list[Claim]:
    if isinstance(made, Claim):
        return [made]
    if isinstance(made, list):
        return [claim for part in made for claim in _functions(part, groups, label)]
    fields = _fields(made, label)
    if "group" in fields or groups:
        return claims_from(made, groups, label)[:1]
    try:
        leaves(fields["x"])
    except TypeError as error:
        raise TargetError(f"{label}: {error}, or give a group that says how to read them") from error
    return [Claim(fields["f"], fields["x"], label)]


def _made(target: str) -> Any:
    """What the object of a target is, or returns if it is a function."""
    thing = load_object(target)
    try:
        return thing() if callable(thing) and not isinstance(thing, Claim) else thing
    except (Exception, SystemExit) as error:
        raise TargetError(f"{target} raised {type(error).__name__}: {error}") from error


def _is_other(target: str) -> bool:
    """Whether the target is a file or a name of something else than Python code."""
    if Path(target).exists():
        return True
    return ":" not in target and not (re.fullmatch(r"\w+(\.\w+)*", target) and _importable(target))


def _importable(module_name: str) -> bool:
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        return importlib.util.find_spec(module_name) is not None
    except (ImportError, ValueError):
        return False


def claims_from(made: Any, groups: Sequence[str], label: str) -> list[Claim]:
    """Claims out of whatever a target returns."""
    if isinstance(made, Claim):
        return _regrouped([made], groups)
    if isinstance(made, list):
        return [claim for part in made for claim in claims_from(part, groups, label)]
    fields = _fields(made, label)
    named = groups or ([fields.pop("group")] if "group" in fields else [])
    fields.pop("group", None)
    if not named:
        raise TargetError(f"{label}: expected a group, from the function as third value or by --group")
    return [_claim(fields, group, label) for group in named]


def _fields(made: Any, label: str) -> dict[str, Any]:
    if isinstance(made, Mapping):
        fields = dict(made)
    elif isinstance(made, tuple) and 2 <= len(made) <= 4:
        fields = dict(zip(("f", "x", "group", "out"), made, strict=False))
    else:
        raise TargetError(
            f"{label}: expected (f, x), (f, x, group), (f, x, group, out), a dict or a claim, "
            f"got a {type(made).__name__}"
        )
    if "f" not in fields or "x" not in fields or not callable(fields["f"]):
        raise TargetError(f"{label}: expected a function 'f' and an example input 'x', got {sorted(fields)}")
    unknown = sorted(set(fields) - {"f", "x", "group", "out", "in"} - options_of(check))
    if unknown:
        raise TargetError(f"{label}: expected options of `check`, got {', '.join(unknown)}")
    return {key: value for key, value in fields.items() if value is not None}


def _claim(fields: dict[str, Any], group: str | Group, label: str) -> Claim:
    fields = dict(fields)
    f, raw, out = fields.pop("f"), fields.pop("x"), fields.pop("out", None)
    read_as = fields.pop("in", None)
    if isinstance(group, str):
        name, said_in, said_out = parse_group(group)
        group, read_as, out = group_named(name), said_in or read_as, said_out or out
    x = read_input(raw, read_as, group, label)
    claim = Equivariance(f, x, label, group=group, out=out, options=fields)
    return claim if out is not None else replace(claim, out=_guess_output(claim))


def read_input(raw: Any, read_as: Any, group: Group, label: str) -> Tree:
    """Plain tensors as values: of the types said, else of the type on which the group usually acts."""
    if isinstance(raw, Value):
        return raw
    if isinstance(raw, Mapping):
        return {key: read_input(part, _part(read_as, key), group, label) for key, part in raw.items()}
    if isinstance(raw, (tuple, list)):
        return tuple(read_input(part, _part(read_as, i), group, label) for i, part in enumerate(raw))
    if not isinstance(raw, Tensor):
        raise TargetError(f"{label}: expected an example input of tensors or values, got {type(raw).__name__}")
    usual = next((kind for kind, names in _READ_AS.items() if group.parts()[0].name in names), None)
    if read_as is None and usual is None:
        raise TargetError(f"{label}: expected a type for the input, as in --group '{group.label()}: links -> scalars'")
    try:
        return value_type(read_as or usual)(raw)
    except (TypeError, ValueError) as error:
        raise TargetError(f"{label}: {error}") from error


def _part(spec: Any, key: Any) -> Any:
    return spec[key] if isinstance(spec, (tuple, list, Mapping)) else spec


def _guess_output(claim: Equivariance) -> Any:
    """Scalars for one number per entry, signed_log for a pair of them, the input's type for the input's shape."""
    x = claim.x
    subject = Subject(claim.f, None, claim.options.get("batched", True))
    try:
        raw = subject.raw(x, native_dtype(x))
    except Unusable as unusable:
        raise TargetError(f"{claim.name} cannot run on the example: {unusable.message}") from unusable
    finally:
        subject.restore()
    batch = leaves(x)[0].tensors[0].shape[0]
    parts = raw if isinstance(raw, tuple) else (raw,)
    flat = all(isinstance(p, Tensor) and tuple(p.shape) == (batch,) for p in parts)
    if flat and len(parts) <= 2:
        return "scalars" if len(parts) == 1 else "signed_log"
    first = leaves(x)[0]
    if isinstance(raw, Tensor) and first.name != "links" and raw.ndim == first.data.ndim:
        return type(first)
    shapes = [tuple(p.shape) if isinstance(p, Tensor) else type(p).__name__ for p in parts]
    raise TargetError(
        f"{claim.name}: expected to be told how to read the output {shapes}, as in "
        f"--group '{group_named(claim.group).label()}: {first.name} -> site_matrices'"
    )


def _regrouped(claims: list[Claim], groups: Sequence[str]) -> list[Claim]:
    """The claims for other groups than their own, where groups are given, which only equivariances have."""
    if not groups:
        return claims
    if not any(isinstance(claim, Equivariance) for claim in claims):
        kinds = ", ".join(sorted({type(claim).__name__ for claim in claims}))
        raise TargetError(f"expected claims of equivariance for the group {groups[0]!r}, got {kinds}")
    made: list[Claim] = []
    for claim in claims:
        if not isinstance(claim, Equivariance):
            continue
        for text in groups:
            name, _, out = parse_group(text)
            made.append(replace(claim, group=group_named(name), out=out or claim.out))
    return made
