"""A worst case in a file: the input and the group element themselves, so that it can be run again anywhere."""

from __future__ import annotations

import importlib
import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from gaugeflow.symmetry.actions.groups import Element, Group
from gaugeflow.symmetry.actions.values import Tree, Value, map_tensors
from gaugeflow.symmetry.reports.findings import Finding

__all__ = ["Case"]

_FORMAT = 1


@dataclass(frozen=True)
class Case:
    """What is saved of the worst trial of a finding. `target` is what the command was pointed at, if it was."""

    name: str
    group: str
    x: Tree
    g: Element
    seed: int
    trial: int
    errors: dict[str, float]
    allowed: float
    target: str = ""
    versions: Mapping[str, str] | None = None

    @classmethod
    def of(cls, name: str, finding: Finding, target: str = "") -> Case:
        """The worst case of a finding; a `ValueError` where there is none."""
        worst = finding.worst
        if worst is None or not isinstance(worst.g, Element):
            raise ValueError(f"{name}: expected a finding with a worst case to save, got {finding.verdict.value}")
        label = " * ".join(group.label() for group, _ in worst.g.factors)
        x, errors = map_tensors(lambda t: t.cpu().contiguous(), worst.x), dict(finding.largest)
        return cls(
            name, label, x, worst.g, worst.seed, worst.trial, errors, finding.allowed or 0.0, target, _versions()
        )

    def save(self, path: Path | str) -> None:
        plain = {part.name: getattr(self, part.name) for part in fields(self)}
        plain |= {"format": _FORMAT, "x": _tree_to_plain(self.x), "g": [_factor(*pair) for pair in self.g.factors]}
        torch.save(plain, path)

    @classmethod
    def load(cls, path: Path | str) -> Case:
        """The case of a file; a `ValueError` where it is none, or needs code that is not there."""
        try:
            plain = torch.load(path, weights_only=True)
            if plain.pop("format") != _FORMAT:
                raise ValueError("another format")
            g = Element(tuple(_factor_of(*part) for part in plain["g"]))
            return cls(**plain | {"x": _tree_of(plain["x"]), "g": g})
        except OSError:
            raise
        except Exception as error:
            raise ValueError(f"{path}: expected a saved worst case, got {type(error).__name__}: {error}") from error


def _versions() -> dict[str, str]:
    return {
        "gaugeflow": sys.modules["gaugeflow"].__version__,
        "torch": str(torch.__version__),
        "python": platform.python_version(),
    }


def _tree_to_plain(tree: Tree) -> Any:
    if isinstance(tree, Value):
        stored = {part.name: getattr(tree, part.name) for part in fields(tree)}
        return ["value", _place(type(tree)), stored]
    if isinstance(tree, Mapping):
        return ["dict", "", {key: _tree_to_plain(branch) for key, branch in tree.items()}]
    return ["tuple", "", [_tree_to_plain(branch) for branch in tree]]


def _tree_of(plain: Any) -> Tree:
    kind, place, stored = plain
    if kind == "dict":
        return {key: _tree_of(branch) for key, branch in stored.items()}
    if kind == "tuple":
        return tuple(_tree_of(branch) for branch in stored)
    value = object.__new__(_class_at(place))
    for name, part in stored.items():
        object.__setattr__(value, name, part)
    return value


def _factor(group: Group, parameters: Mapping[str, Tensor]) -> list[Any]:
    return [_place(type(group)), vars(group), {key: t.cpu().contiguous() for key, t in parameters.items()}]


def _factor_of(place: str, stored: dict[str, Any], parameters: dict[str, Tensor]) -> tuple[Group, dict[str, Tensor]]:
    group = object.__new__(_class_at(place))
    vars(group).update(stored)
    return group, parameters


def _place(kind: type) -> str:
    return f"{kind.__module__}:{kind.__qualname__}"


def _class_at(place: str) -> Any:
    """The class of "module:name"; only groups and values are made."""
    module, _, name = place.partition(":")
    kind: Any = importlib.import_module(module)
    for part in name.split("."):
        kind = getattr(kind, part)
    if not (isinstance(kind, type) and issubclass(kind, (Group, Value))):
        raise ValueError(f"{place} is neither a group nor a value type")
    return kind
