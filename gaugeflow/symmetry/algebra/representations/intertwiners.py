"""All linear maps that commute with a group, and a layer with one coefficient for each of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from gaugeflow.symmetry.actions.groups import Group
from gaugeflow.symmetry.actions.values import Tree, map_tensors
from gaugeflow.symmetry.algebra.representations.hom import hom
from gaugeflow.symmetry.algebra.representations.representation import Representation, together, written

__all__ = ["EquivariantLinear", "Intertwiners", "intertwiners"]


@dataclass(frozen=True)
class Intertwiners:
    """A basis of the linear maps W with D_Y(g) W = W D_X(g).

    Attributes:
        x, y: the representations, both real or both complex.
        basis: the maps, `(dim, size of y, size of x)`, orthonormal as vectors.
        out: an example of what comes out, None where it has no value type but is a vector.
    """

    x: Representation
    y: Representation
    basis: Tensor
    out: Tree | None

    @property
    def dim(self) -> int:
        """How many there are."""
        return len(self.basis)

    def layer(self, *, generator: torch.Generator) -> EquivariantLinear:
        """A module with one coefficient for each map; the generator draws them."""
        return EquivariantLinear(self, generator=generator)


def intertwiners(x: Tree | Representation, y: Tree | Representation, group: Group | str, seed: int = 0) -> Intertwiners:
    """All linear maps from `x` to `y` that commute with `group`.

    A complex number counts as one where both actions are complex-linear, as two real ones otherwise. Maps of a tensor
    product of values are their equivariant products: of two representations of SU(2) or SO(3) the Clebsch-Gordan maps.

    Args:
        x: an example of the input with a batch axis, a tuple or dict of such, or a `Representation`.
        y: the same of the output.
        group: a group or its name.
        seed: of the random elements by which they are found.

    Raises:
        ValueError: what has no representation, or a dense null space that is too large.
    """
    rx, ry = together(x, y, group)
    out = None if isinstance(y, Representation) else map_tensors(lambda t: t[:1], y)
    return Intertwiners(rx, ry, hom(rx, ry, seed), out)


class EquivariantLinear(nn.Module):
    """`sum_k c_k W_k x`: plain tensors in and out, as a function under `check` takes and returns them.

    Args:
        maps: the W_k and how they read their arguments. A tensor product takes one tensor for each of its factors.
        generator: of the coefficients, normal with a variance that keeps the mean square of each number.
    """

    basis: Tensor

    def __init__(self, maps: Intertwiners, *, generator: torch.Generator) -> None:
        super().__init__()
        self.maps = maps
        self.register_buffer("basis", maps.basis)
        drawn = torch.randn(maps.dim, dtype=maps.basis.dtype, generator=generator, device=generator.device)
        self.coefficients = nn.Parameter(drawn.to(maps.basis.device) * (maps.y.size / max(1, maps.dim)) ** 0.5)

    def weight(self) -> Tensor:
        """The matrix `(m, n)` from vectors of size n to those of size m."""
        return torch.einsum("k,kmn->mn", self.coefficients, self.basis)

    def forward(self, *x: Tensor) -> Any:
        """Each tensor with a batch axis in front; `(batch, size of y)` where the output has no value type."""
        vectors = self.maps.x.read(x)
        moved = vectors @ self.weight().to(vectors).mT
        return moved if self.maps.out is None else written(moved, self.maps.out)

    def extra_repr(self) -> str:
        return f"{self.maps.x.size} -> {self.maps.y.size}, {self.maps.dim} maps, {self.maps.x.group.label()}"
