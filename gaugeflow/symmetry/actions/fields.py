"""Values on a periodic lattice of D axes, time last: links, and matrices, vectors and scalars at the sites."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Self

import torch
from torch import Tensor

from gaugeflow.symmetry.actions.haar import haar, restore_group
from gaugeflow.symmetry.actions.values import Tree, Value, leaves

__all__ = ["Image", "LatticeValue", "Links", "SiteMatrices", "SiteScalars", "SiteVectors", "lattice_of"]


@dataclass(frozen=True, eq=False)
class LatticeValue(Value, abstract=True):
    """A field `(batch, channels..., *shape, colour...)`; `channels` counts the axes between batch and lattice."""

    channels: int = 1
    colour_axes: ClassVar[int] = 0

    @property
    def shape(self) -> tuple[int, ...]:
        """The extents of the lattice."""
        return tuple(self.data.shape[1 + self.channels : self.data.ndim - self.colour_axes])

    @property
    def colour(self) -> int:
        """N of SU(N); 1 for U(1) and for colourless fields."""
        return self.data.shape[-1] if self.colour_axes else 1

    def validate(self) -> None:
        colours = set(self.data.shape[self.data.ndim - self.colour_axes :]) if self.colour_axes else set()
        if len(self.shape) < 1 or 0 in self.shape or len(colours) > 1:
            layout = ["batch", *["channel"] * self.channels, "*shape", *["N"] * self.colour_axes]
            raise ValueError(f"{self.name}: expected shape ({', '.join(layout)}), got {tuple(self.data.shape)}")

    def by_channel(self, tensor: Tensor) -> Tensor:
        return tensor.reshape(len(tensor), math.prod(tensor.shape[1 : 1 + self.channels]), -1)

    def sizes(self) -> dict[str, int]:
        return {f"extent {axis}": extent for axis, extent in enumerate(self.shape)}

    def narrow(self, name: str, size: int) -> Self:
        axis = 1 + self.channels + int(name.split()[1])
        return self.with_data(self.data.narrow(axis, 0, size))

    @classmethod
    def readings(cls, tensor: Tensor, like: Tree) -> Iterator[Value]:
        """Every position of the lattice axes inside the activation, behind the batch axis."""
        shape, colour = lattice_of(like)
        for channels in range(tensor.ndim - len(shape) - cls.colour_axes):
            trailing = tuple(tensor.shape[1 + channels :])
            if trailing == shape + (colour,) * cls.colour_axes:
                yield cls(tensor, channels=channels)


def lattice_of(tree: Tree) -> tuple[tuple[int, ...], int]:
    """Extents and number of colours of the first lattice value; a `ValueError` where there is none."""
    fields = [leaf for leaf in leaves(tree) if isinstance(leaf, LatticeValue)]
    if not fields:
        raise ValueError(
            "this group acts on lattice fields, and the input has none: expected one of links, site_matrices, "
            f"site_vectors, site_scalars, image; got {', '.join(leaf.name for leaf in leaves(tree))}"
        )
    return fields[0].shape, max(leaf.colour for leaf in fields)


@dataclass(frozen=True, eq=False)
class Links(LatticeValue):
    """Gauge links: SU(N) as complex `(batch, D, *shape, N, N)`, U(1) as real angles `(batch, D, *shape)`.

    `U_mu(x)` leads from x to x + mu. Angles are compared modulo 2 pi.
    """

    def by_channel(self, tensor: Tensor) -> Tensor:
        return tensor.reshape(len(tensor), 1, -1)

    @property
    def is_abelian(self) -> bool:
        return not self.data.is_complex()

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.data.shape[2:] if self.is_abelian else self.data.shape[2:-2])

    @property
    def colour(self) -> int:
        return 1 if self.is_abelian else self.data.shape[-1]

    def validate(self) -> None:
        square = self.is_abelian or self.data.shape[-1] == self.data.shape[-2]
        if self.channels != 1 or not self.shape or self.data.shape[1] != len(self.shape) or not square:
            raise ValueError(
                "links: expected complex (batch, D, *shape, N, N), or real angles (batch, D, *shape), with as many "
                f"extents as directions D, got {self.data.dtype} {tuple(self.data.shape)}"
            )

    def differences(self, other: Self) -> list[Tensor]:
        if not self.is_abelian:
            return super().differences(other)
        return [torch.remainder(self.data.double() - other.data.double() + math.pi, 2 * math.pi) - math.pi]

    def magnitude(self) -> Tensor:
        if not self.is_abelian:
            return super().magnitude()
        return torch.ones(len(self.data), 1, dtype=torch.float64, device=self.data.device)

    def random_like(self, generator: torch.Generator) -> Self:
        """Haar-distributed links."""
        lead = self.data.shape if self.is_abelian else self.data.shape[:-2]
        return self.with_data(haar(lead, self.colour, generator, abelian=self.is_abelian).to(self.data.device))

    def refined(self) -> Self:
        """Links that lost unitarity to float32 put back on the group; any others as they are."""
        return self if self.is_abelian else self.with_data(restore_group(self.data))

    def narrow(self, name: str, size: int) -> Self:
        return self.with_data(self.data.narrow(2 + int(name.split()[1]), 0, size))

    @classmethod
    def readings(cls, tensor: Tensor, like: Tree) -> Iterator[Value]:
        shape, colour = lattice_of(like)
        colours = (colour, colour) if tensor.is_complex() else ()
        if tuple(tensor.shape[1:]) == (len(shape), *shape, *colours):
            yield cls(tensor)


@dataclass(frozen=True, eq=False)
class SiteMatrices(LatticeValue):
    """Matrices `(batch, channels, *shape, N, N)` in the adjoint: W(x) -> Omega(x) W(x) Omega(x)^dagger."""

    colour_axes: ClassVar[int] = 2


@dataclass(frozen=True, eq=False)
class SiteVectors(LatticeValue):
    """Vectors `(batch, channels, *shape, N)` in the fundamental: v(x) -> Omega(x) v(x). N = 1 for U(1)."""

    colour_axes: ClassVar[int] = 1


@dataclass(frozen=True, eq=False)
class SiteScalars(LatticeValue):
    """Gauge-invariant numbers at the sites, `(batch, channels, *shape)`; `odd` as for `Scalars`."""

    odd: tuple[str, ...] = ()

    @classmethod
    def readings(cls, tensor: Tensor, like: Tree) -> Iterator[Value]:
        """Also with the channels behind the lattice, as linear layers want them: the trailing axes ride along."""
        shape, _ = lattice_of(like)
        if cls is not SiteScalars:
            return
        for channels in range(tensor.ndim - len(shape)):
            block = tuple(tensor.shape[1 + channels : 1 + channels + len(shape)])
            if block == shape:
                yield cls(tensor, channels=channels)


@dataclass(frozen=True, eq=False)
class Image(SiteScalars):
    """Pictures `(batch, channels, height, width)`, on which quarter turns and mirrors also act about the centre."""

    def validate(self) -> None:
        if len(self.shape) != 2:
            raise ValueError(f"image: expected (batch, channels, height, width), got {tuple(self.data.shape)}")

    @classmethod
    def readings(cls, tensor: Tensor, like: Tree) -> Iterator[Value]:
        if tensor.ndim >= 3:
            yield cls(tensor, channels=tensor.ndim - 3)


def site_axes(value: LatticeValue, ndim: int) -> tuple[int, ...]:
    """The positions of the `ndim` lattice axes in `value.data`."""
    first = 1 + value.channels
    return tuple(range(first, first + ndim))
