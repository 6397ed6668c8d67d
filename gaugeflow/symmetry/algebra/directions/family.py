"""Families of small changes of a value, and the vector fields that they make."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from gaugeflow.symmetry.actions.coordinates import read_tangent, tangent_scale, tangent_size
from gaugeflow.symmetry.actions.values import Tree, batch_size, device_of, map_tensors

__all__ = ["Family", "Move", "vector_fields"]

Move = Callable[[Tree, Tensor], Tree]


@dataclass(frozen=True)
class Family:
    """`move(x, theta)` is x changed by theta `(batch, size)`, right to first order and x itself at theta = 0."""

    name: str
    size: int
    move: Move

    def pushed(self, x: Tree, theta: Tensor) -> Tensor:
        """The velocity of x along theta in local coordinates, in units of their natural lengths, `(batch, dim)`."""
        with torch.inference_mode(False), torch.enable_grad():
            zero = torch.zeros_like(theta, requires_grad=True)
            velocity = read_tangent(self.move(x, zero), x)
            if not velocity.requires_grad:
                return torch.zeros_like(velocity)
            dual = torch.zeros_like(velocity, requires_grad=True)
            pulled = torch.autograd.grad(velocity, zero, dual, create_graph=True, allow_unused=True)[0]
            (pushed,) = torch.autograd.grad((pulled * theta).sum(), dual)
        return pushed / tangent_scale(x).to(pushed)


def vector_fields(family: Family, x: Tree, directions: Tensor | None = None) -> Tensor:
    """The velocities `(directions, batch * dim)` of x along each of `directions` `(directions, size)`, every generator
    by itself if None: the rank of these rows is the number of independent directions."""
    device = device_of(x)
    rows = torch.eye(family.size, dtype=torch.float64, device=device) if directions is None else directions
    batch = batch_size(x)
    if not len(rows):
        return torch.zeros(0, batch * tangent_size(x), dtype=torch.float64, device=device)
    many = map_tensors(lambda t: t.repeat(len(rows), *[1] * (t.ndim - 1)), x)
    return family.pushed(many, rows.repeat_interleave(batch, 0)).reshape(len(rows), -1)
