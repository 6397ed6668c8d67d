"""What a row is: a check with the result that it should have, or features of two inputs that look alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

from gaugeflow.symmetry import Report

__all__ = ["MODELS", "OUTSIDE", "PAIRS", "Model", "Pair", "model", "normal"]

OUTSIDE = "outside the layers, in the code around them"
"""Where the harness says that a symmetry breaks, if no layer of its own does it."""


@dataclass(frozen=True)
class Model:
    """A check with its expected result; `needs` names an optional package."""

    check: Callable[[], Report]
    holds: bool
    broken_at: str | None = None
    needs: str | None = None


@dataclass(frozen=True)
class Pair:
    """Invariant features of points on one of the `DEGENERATE` pairs, and whether they should tell it apart."""

    features: Callable[[torch.Tensor], torch.Tensor]
    pair: str
    apart: bool


MODELS: dict[str, Model] = {}
PAIRS: dict[str, Pair] = {}


def model(
    name: str, holds: bool, broken_at: str | None = None, needs: str | None = None
) -> Callable[[Callable[[], Report]], Callable[[], Report]]:
    """Register a check."""

    def register(check: Callable[[], Report]) -> Callable[[], Report]:
        MODELS[name] = Model(check, holds, broken_at, needs)
        return check

    return register


def normal(*size: int) -> torch.Tensor:
    return torch.randn(size, generator=torch.Generator().manual_seed(0))
