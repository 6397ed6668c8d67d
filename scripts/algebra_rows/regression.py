"""Regression in the maps that commute, beside regression on augmented data."""

from __future__ import annotations

import torch
from torch import Tensor

from algebra_rows.acting import normal
from algebra_rows.row import row
from gaugeflow.symmetry import (
    CartesianTensors,
    Image,
    equivariant_ridge,
    fit_kernel,
    group_named,
    intertwiners,
    representation,
)

REGRESSION = "difference from augmented data"


def augmented(group: str, x: Image, y: CartesianTensors) -> list[Tensor]:
    """Vectors of all rows for all elements."""
    g = group_named(group).elements((x, y))
    moved = [representation(value, group, (x, y))(g) @ value.data.flatten(1).mT for value in (x, y)]
    return [part.mT.flatten(0, 1) for part in moved]


@row(REGRESSION, "ridge, D4, pictures of 4 x 4 to vectors", "< 1e-10")
def _() -> str:
    x, y = Image(normal(7, 1, 4, 4, seed=1)), CartesianTensors(normal(7, 2))
    many, targets = augmented("d4", x, y)
    square = many.mT @ many / len(many) + 0.1 * torch.eye(many.shape[1], dtype=torch.float64)
    weight = torch.linalg.solve(square, many.mT @ targets / len(many)).mT
    found = equivariant_ridge(intertwiners(x, y, "d4"), x, y, penalty=0.1).weight().detach()
    return f"{float((found - weight).abs().max()):.1e}"


@row(REGRESSION, "averaged kernel, D4, pictures of 4 x 4 to tensors", "< 1e-10")
def _() -> str:
    x, y = Image(normal(7, 1, 4, 4, seed=1)), CartesianTensors(normal(7, 2, 2), rank=2)

    def kernel(a: Tensor, b: Tensor) -> Tensor:
        return (1 + a @ b.mT / 16) ** 3

    many, targets = augmented("d4", x, y)
    weights = torch.linalg.solve(kernel(many, many) + 0.01 * len(many) * torch.eye(len(many)).double(), targets)
    new = normal(5, 1, 4, 4, seed=2)
    found = fit_kernel(kernel, x, y, "d4", penalty=0.01)(new).flatten(1)
    return f"{float((found - kernel(new.flatten(1), many) @ weights).abs().max()):.1e}"
