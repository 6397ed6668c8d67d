"""A function whose output is of another type than its input, called as a `Map` is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from gaugeflow.symmetry.actions.values import Tree
from gaugeflow.symmetry.checks.trials.subject import Subject

__all__ = ["Typed"]


class Typed:
    """A function with its output read as `out`; it has no log-determinant."""

    def __init__(self, f: Callable[..., Any], out: Any) -> None:
        self.subject = Subject(f, out)

    def __call__(self, x: Tree, dtype: torch.dtype) -> tuple[Tree, None]:
        return self.subject(x, dtype), None

    def precision(self, x: Tree, dtype: torch.dtype) -> float:
        return self.subject.precision(x, dtype)
