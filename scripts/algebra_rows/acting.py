"""Random numbers, and the representations that the questions are about."""

from __future__ import annotations

import torch
from torch import Tensor

from gaugeflow.symmetry import CartesianTensors, Representation, SiteVectors, representation
from gaugeflow.symmetry.actions.coordinates import generators

__all__ = ["adjoint", "fundamental", "normal", "vector"]


def normal(*size: int, seed: int = 0) -> Tensor:
    return torch.randn(size, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def vector(group: str, d: int = 3) -> Representation:
    return representation(CartesianTensors(normal(1, d)), group)


def fundamental(n: int) -> Representation:
    return representation(SiteVectors(normal(1, 1, 1, n) + 0j), "global-gauge")


def adjoint(n: int) -> Representation:
    return (fundamental(n) * fundamental(n).dual()).within(generators(n))
