"""Cyclic and dihedral groups on pictures: quarter turns and mirrors about the centre."""

from __future__ import annotations

import torch

from gaugeflow.symmetry.actions.fields import Image, lattice_of
from gaugeflow.symmetry.actions.groups import GROUPS, Group, Parameters, represent
from gaugeflow.symmetry.actions.values import Tree

__all__ = ["Cyclic", "Dihedral"]


class Cyclic(Group):
    """C_n about the centre of a picture, n = 2 or 4: the turns that need no interpolation.

    Quarter turns need a square. A mirror is not in it, see `Dihedral`.
    """

    name = "cyclic"
    mirrors = False

    def __init__(self, n: int = 4) -> None:
        if n not in (2, 4):
            raise ValueError(f"expected n = 2 or 4 (pixels map to pixels), got n = {n}")
        self.n = n

    def label(self) -> str:
        return f"{self.name}({self.n})"

    def draw(self, x: Tree, size: int, generator: torch.Generator) -> Parameters:
        shape, _ = lattice_of(x)
        if len(shape) != 2 or (self.n == 4 and shape[0] != shape[1]):
            raise ValueError(f"{self.label()} acts on {'square ' * (self.n == 4)}pictures, got extents {shape}")
        quarter = torch.randint(self.n, (size,), generator=generator) * (4 // self.n)
        mirror = torch.randint(2, (size,), generator=generator) * int(self.mirrors)
        return {"quarter": quarter, "mirror": mirror}

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
    data = torch.where(_flag(g["mirror"] == 1, image), image.data.flip(axes[1]), image.data)
    turned = data
    for quarter in (1, 2, 3):
        chosen = g["quarter"] == quarter
        if bool(chosen.any()):
            turned = torch.where(_flag(chosen, image), data.rot90(quarter, axes), turned)
    return image.with_data(turned)


def _flag(chosen: torch.Tensor, image: Image) -> torch.Tensor:
    return chosen.reshape(-1, *[1] * (image.data.ndim - 1))


GROUPS.update({"cyclic": Cyclic, "dihedral": Dihedral, "c2": lambda: Cyclic(2), "c4": Cyclic, "d4": Dihedral})
