"""Cyclic and dihedral groups on pictures: turns and mirrors about the centre."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from gaugeflow.symmetry.actions.fields import Image, LatticeValue, lattice_of
from gaugeflow.symmetry.actions.groups import GROUPS, Group, Parameters, refused, represent
from gaugeflow.symmetry.actions.particles import ParticleValue
from gaugeflow.symmetry.actions.scalars import CartesianTensors, Scalars, rotate
from gaugeflow.symmetry.actions.values import Tree

__all__ = ["Cyclic", "Dihedral"]


class Cyclic(Group):
    """C_n about the centre of a picture. n = 2 and 4 map pixels to pixels; any other n interpolates between them, so
    that a symmetry holds up to the error of interpolation, and is checked with a `tolerance`.

    Turns other than by half a turn need a square. A mirror is not in it, see `Dihedral`.
    """

    name = "cyclic"
    mirrors = False

    def __init__(self, n: int = 4) -> None:
        if n < 2:
            raise ValueError(f"expected n = 2 or more, got n = {n}")
        self.n = n

    def label(self) -> str:
        return f"{self.name}({self.n})"

    def draw(self, x: Tree, size: int, generator: torch.Generator) -> Parameters:
        self._require_square(x)
        turn = torch.randint(self.n, (size,), generator=generator).double() / self.n
        mirror = torch.randint(2, (size,), generator=generator) * int(self.mirrors)
        return {"turn": turn, "mirror": mirror}

    def inverse(self, g: Parameters) -> Parameters:
        """A mirror with a turn is its own inverse."""
        back = torch.where(g["mirror"] == 1, g["turn"], (1 - g["turn"]).remainder(1))
        return {"turn": back, "mirror": g["mirror"]}

    def compose(self, g: Parameters, h: Parameters) -> Parameters:
        """The mirror acts before the turn, and turns around what turned before it."""
        turn = g["turn"] + torch.where(g["mirror"] == 1, -h["turn"], h["turn"])
        turn = (turn * self.n).round().remainder(self.n) / self.n
        return {"turn": turn, "mirror": g["mirror"] ^ h["mirror"]}

    def every(self, x: Tree) -> Parameters:
        self._require_square(x)
        turn = torch.arange(self.n).repeat(2 if self.mirrors else 1).double() / self.n
        return {"turn": turn, "mirror": (torch.arange(len(turn)) >= self.n).long()}

    def _require_square(self, x: Tree) -> None:
        shape, _ = lattice_of(x)
        if len(shape) != 2 or (self.n != 2 and shape[0] != shape[1]):
            raise ValueError(f"{self.label()} acts on {'square ' * (self.n != 2)}pictures, got extents {shape}")

    def order(self, x: Tree) -> int | None:
        return self.n * (2 if self.mirrors else 1)


class Dihedral(Cyclic):
    """D_n: the turns of C_n and the mirrors."""

    name = "dihedral"
    mirrors = True


@represent(Cyclic, Image)
def _(g: Parameters, image: Image) -> Image:
    first = 1 + image.channels
    axes = (first, first + 1)
    data = torch.where(_flag(g["mirror"] == 1, image.data), image.data.flip(axes[1]), image.data)
    turned, quarters = data, 4 * g["turn"].double()
    for quarter in (1, 2, 3):
        chosen = quarters == quarter
        if bool(chosen.any()):
            turned = torch.where(_flag(chosen, image.data), data.rot90(quarter, axes), turned)
    between = quarters != quarters.round()
    if bool(between.any()):
        turned = torch.where(_flag(between, image.data), _interpolated(data, g["turn"], axes), turned)
    return image.with_data(turned)


def _interpolated(data: Tensor, turn: Tensor, axes: tuple[int, int]) -> Tensor:
    """Bilinear interpolation in the turned picture, zero outside of it."""
    angle = 2 * math.pi * turn.to(data.dtype)
    rows = [torch.stack([angle.cos(), -angle.sin()], -1), torch.stack([angle.sin(), angle.cos()], -1)]
    matrix = functional.pad(torch.stack(rows, dim=1), (0, 1))
    flat = data.reshape(len(data), -1, *(data.shape[axis] for axis in axes))
    grid = functional.affine_grid(matrix, list(flat.shape), align_corners=False)
    return functional.grid_sample(flat, grid, align_corners=False).reshape(data.shape)


@represent(Cyclic, Scalars)
def _(g: Parameters, value: Scalars) -> Scalars:
    if "parity" not in value.odd:
        return value
    return value.with_data(torch.where(_flag(g["mirror"] == 1, value.data), -value.data, value.data))


@represent(Cyclic, CartesianTensors)
def _(g: Parameters, tensors: CartesianTensors) -> CartesianTensors:
    """Components along the height and the width: a mirror turns the width around, a turn goes from height to -width."""
    angle = 2 * math.pi * g["turn"].double()
    side = 1.0 - 2.0 * g["mirror"].double()
    rows = [
        torch.stack([angle.cos(), -angle.sin() * side], -1),
        torch.stack([angle.sin(), angle.cos() * side], -1),
    ]
    return tensors.with_data(rotate(tensors.data, torch.stack(rows, dim=1), tensors.rank, tensors.pseudo))


def _flag(chosen: Tensor, like: Tensor) -> Tensor:
    return chosen.reshape(-1, *[1] * (like.ndim - 1))


refused(Cyclic, LatticeValue, reason="their sites turn about the origin, under hypercubic; a picture is an image")
refused(Cyclic, ParticleValue, reason="particles do not stand at the pixels of a picture")

GROUPS.update(
    {"cyclic": Cyclic, "dihedral": Dihedral}
    | {f"c{n}": lambda n=n: Cyclic(n) for n in (2, 3, 4, 6, 8)}
    | {f"d{n}": lambda n=n: Dihedral(n) for n in (2, 3, 4, 6, 8)}
)
