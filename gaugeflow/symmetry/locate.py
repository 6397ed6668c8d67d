"""Where a composition breaks: the first layer whose own equivariance error is above tolerance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gaugeflow.symmetry.groups import Element
from gaugeflow.symmetry.report import LayerError
from gaugeflow.symmetry.subject import Subject
from gaugeflow.symmetry.values import Tree

__all__ = ["Place", "locate_break"]


@dataclass(frozen=True)
class Place:
    """The name of the first broken layer, and the errors of the layers up to it."""

    layer: str | None
    layers: tuple[LayerError, ...]


def locate_break(subject: Subject, x: Tree, g: Element, allowed: float, hidden: Sequence[Any]) -> Place:
    return Place(None, ())
