"""What a function says about its own symmetry, by an attribute `symmetry` or by its irreps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gaugeflow.symmetry.actions.euclidean import Euclidean
from gaugeflow.symmetry.actions.groups import Group
from gaugeflow.symmetry.actions.irreps import Irreps
from gaugeflow.symmetry.actions.values import Tree, Value, value_type

__all__ = ["declared", "parse_group", "read_as"]


def parse_group(text: str) -> tuple[str, Any, Any]:
    """("gauge", "links", "scalars") of "gauge: links -> scalars"; the types are None where they are left out."""
    name, _, types = text.partition(":")
    before, arrow, after = types.partition("->")
    if types.strip() and not (arrow and before.strip() and after.strip()):
        raise ValueError(f"expected 'GROUP' or 'GROUP: INPUT -> OUTPUT', got {text!r}")
    return name.strip(), _spec(before), _spec(after)


def _spec(text: str) -> Any:
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    return None if not names else names[0] if len(names) == 1 else names


def declared(f: Any) -> tuple[Group | str, Any, Any]:
    """The group, the types of the inputs and those of the outputs.

    From `f.symmetry`, "gauge: links -> scalars" or the triple itself; or from `f.irreps_in` (`irreps_in1`, ...) and
    `f.irreps_out`, for rotations and reflections in three dimensions. A `ValueError` where there is neither.
    """
    said = getattr(f, "symmetry", None)
    if isinstance(said, str):
        said = parse_group(said)
    if isinstance(said, tuple) and len(said) == 3 and None not in said:
        return said
    inputs = [getattr(f, name) for name in ("irreps_in", "irreps_in1", "irreps_in2") if hasattr(f, name)]
    if inputs and hasattr(f, "irreps_out"):
        types = tuple(Irreps(irreps) for irreps in inputs)
        return Euclidean(translations=False), types[0] if len(types) == 1 else types, Irreps(f.irreps_out)
    raise ValueError(
        "expected a group and `out`, or a function that says them: an attribute symmetry = 'GROUP: INPUT -> OUTPUT', "
        "or irreps_in and irreps_out"
    )


def read_as(raw: Any, spec: Any) -> Tree:
    """Plain tensors as values of the types `spec`; what is a value already stays."""
    if isinstance(raw, Value):
        return raw
    if isinstance(raw, Mapping):
        return {key: read_as(part, spec[key] if isinstance(spec, Mapping) else spec) for key, part in raw.items()}
    if isinstance(raw, (tuple, list)):
        parts = spec if isinstance(spec, (tuple, list)) else [spec] * len(raw)
        return tuple(read_as(part, one) for part, one in zip(raw, parts, strict=True))
    return value_type(spec)(raw)
