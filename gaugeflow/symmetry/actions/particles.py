"""Values with one entry for each particle or point: coordinates, features, pair features, electrons with spins."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar, Self

import torch
from torch import Tensor

from gaugeflow.symmetry.actions.values import Tree, Value, batch_size, largest, leaves, normal_like, wide

__all__ = ["EdgeIndex", "Electrons", "PairFeatures", "PointFeatures", "Points", "particles_of", "species_of"]


@dataclass(frozen=True, eq=False)
class ParticleValue(Value, abstract=True):
    """A tensor `(batch, n, ...)` with n particles."""

    particle_axes: ClassVar[int] = 1

    def validate(self) -> None:
        extents = set(self.data.shape[1 : 1 + self.particle_axes])
        if self.data.ndim < 1 + self.particle_axes or len(extents) > 1:
            layout = ", ".join(["batch", *["n"] * self.particle_axes, "..."])
            raise ValueError(f"{self.name}: expected shape ({layout}), got {tuple(self.data.shape)}")

    def by_channel(self, tensor: Tensor) -> Tensor:
        """The axes between the particles and the tensor components are channels; coordinates are none."""
        rank = getattr(self, "rank", None)
        if rank is None:
            return tensor.reshape(len(tensor), 1, -1)
        first, last = 1 + self.particle_axes, tensor.ndim - rank
        sizes = [math.prod(tensor.shape[a:b]) for a, b in ((1, first), (first, last), (last, tensor.ndim))]
        return tensor.reshape(len(tensor), *sizes).movedim(2, 1)

    def sizes(self) -> dict[str, int]:
        return {"particles": self.data.shape[1]}

    def narrow(self, name: str, size: int) -> Self:
        data = self.data
        for axis in range(1, 1 + self.particle_axes):
            data = data.narrow(axis, 0, size)
        return self.with_data(data)

    @classmethod
    def _fits(cls, tensor: Tensor, like: Tree) -> bool:
        n = particles_of(like)
        return tuple(tensor.shape[: 1 + cls.particle_axes]) == (batch_size(like), *[n] * cls.particle_axes)


@dataclass(frozen=True, eq=False)
class Points(ParticleValue):
    """Positions `(batch, n, d)`: rotated, translated and permuted."""

    def validate(self) -> None:
        if self.data.ndim != 3:
            raise ValueError(f"{self.name}: expected shape (batch, n, d), got {tuple(self.data.shape)}")

    def species(self) -> Tensor | None:
        """The species of every particle, integers `(batch, n)`; None where all are alike."""
        return None

    @classmethod
    def readings(cls, tensor: Tensor, like: Tree) -> Iterator[Value]:
        if cls is Points and cls._fits(tensor, like) and tuple(tensor.shape[2:]) == (dimension_of(like),):
            yield cls(tensor)


@dataclass(frozen=True, eq=False)
class PointFeatures(ParticleValue):
    """Features `(batch, n, ..., d, ..., d)` of each point: scalars (`rank = 0`), vectors (1), tensors (2, ...).

    `pseudo` adds the determinant of the rotation.
    """

    rank: int = 0
    pseudo: bool = False

    def validate(self) -> None:
        sizes = set(self.data.shape[self.data.ndim - self.rank :]) if self.rank else set()
        if self.data.ndim < 2 + self.rank or len(sizes) > 1:
            layout = ", ".join(["batch", "n", "...", *["d"] * self.rank])
            raise ValueError(f"{self.name}: expected shape ({layout}), got {tuple(self.data.shape)}")

    @classmethod
    def readings(cls, tensor: Tensor, like: Tree) -> Iterator[Value]:
        if not cls._fits(tensor, like):
            return
        d = dimension_of(like)
        for rank in range(3):
            if tensor.ndim >= 2 + rank and tuple(tensor.shape[tensor.ndim - rank :]) == (d,) * rank:
                yield from (cls(tensor, rank=rank), cls(tensor, rank=rank, pseudo=True))


@dataclass(frozen=True, eq=False)
class PairFeatures(ParticleValue):
    """Features `(batch, n, n, ..., d, ..., d)` of each pair of particles, of one `rank`."""

    particle_axes: ClassVar[int] = 2
    rank: int = 0
    pseudo: bool = False

    @classmethod
    def readings(cls, tensor: Tensor, like: Tree) -> Iterator[Value]:
        if not cls._fits(tensor, like):
            return
        d = dimension_of(like)
        for rank in range(2):
            if tensor.ndim >= 3 + rank and tuple(tensor.shape[tensor.ndim - rank :]) == (d,) * rank:
                yield cls(tensor, rank=rank)


@dataclass(frozen=True, eq=False)
class EdgeIndex(ParticleValue):
    """Edges of a graph as pairs of particles, integers `(batch, 2, edges)`: from `data[:, 0]` to `data[:, 1]`.

    A permutation renames the particles, nothing else changes it. Two lists that hold the same edges in another order
    are the same. In a periodic system the image to which an edge leads, integers `(batch, edges, d)`, is `Invariants`.
    """

    def validate(self) -> None:
        if self.data.ndim != 3 or self.data.shape[1] != 2 or self.data.is_floating_point():
            raise ValueError(
                f"{self.name}: expected integers of shape (batch, 2, edges), got {self.data.dtype} "
                f"{tuple(self.data.shape)}"
            )
        if self.data.numel() and int(self.data.min()) < 0:
            raise ValueError(f"{self.name}: expected particles from 0 on, got {int(self.data.min())}")

    def by_channel(self, tensor: Tensor) -> Tensor:
        return tensor.reshape(len(tensor), 1, -1)

    def differences(self, other: Self) -> list[Tensor]:
        size = int(max(self.data.max(), other.data.max())) + 1
        lists = [(edges.data[:, 0] * size + edges.data[:, 1]).sort(1).values for edges in (self, other)]
        return [(lists[0] != lists[1]).double().unsqueeze(1)]

    def magnitude(self) -> Tensor:
        return torch.ones(len(self.data), 1, dtype=torch.float64, device=self.data.device)

    def random_like(self, generator: torch.Generator) -> Self:
        """The same edges: they say which particles there are."""
        return self

    def sizes(self) -> dict[str, int]:
        return {}


@dataclass(frozen=True, eq=False)
class Electrons(Points):
    """Electron coordinates `(batch, n, d)` with their spins.

    Either the first `n_up` are spin up, and the function takes the coordinates alone; or `spins` `(batch, n)` are
    given as a second tensor, and the function takes both.
    """

    spins: Tensor | None = None
    n_up: int | None = None

    def validate(self) -> None:
        super().validate()
        n = self.data.shape[1]
        if self.spins is not None and tuple(self.spins.shape) != tuple(self.data.shape[:2]):
            raise ValueError(f"electrons: expected spins of shape (batch, {n}), got {tuple(self.spins.shape)}")
        if self.n_up is not None and not 0 <= self.n_up <= n:
            raise ValueError(f"electrons: expected 0 <= n_up <= {n}, got {self.n_up}")

    def species(self) -> Tensor | None:
        if self.spins is not None:
            return torch.stack([torch.unique(row, return_inverse=True)[1] for row in self.spins])
        if self.n_up is not None:
            return (torch.arange(self.data.shape[1]) >= self.n_up).long().expand(len(self.data), -1)
        return None

    def distance(self, other: Self) -> Tensor:
        difference = largest(self.by_channel(wide(self.data) - wide(other.data)))
        if self.spins is None or other.spins is None:
            return difference
        return difference + (self.spins != other.spins).any(1, keepdim=True)

    def magnitude(self) -> Tensor:
        return largest(self.by_channel(wide(self.data)))

    def random_like(self, generator: torch.Generator) -> Self:
        return replace(self, data=normal_like(self.data, generator))

    def narrow(self, name: str, size: int) -> Self:
        """The first `size` electrons; the spin-up ones among them stay the first ones."""
        spins = None if self.spins is None else self.spins[:, :size]
        n_up = None if self.n_up is None else min(self.n_up, size)
        return replace(self, data=self.data[:, :size], spins=spins, n_up=n_up)


def particles_of(tree: Tree) -> int:
    """The number of particles of the first value that has them; a `ValueError` where there is none."""
    for leaf in leaves(tree):
        if isinstance(leaf, ParticleValue) and not isinstance(leaf, EdgeIndex):
            return leaf.data.shape[1]
    raise ValueError(
        "this group acts on particles, and the input has none: expected one of electrons, points, point_features, "
        f"pair_features; got {', '.join(leaf.name for leaf in leaves(tree))}"
    )


def dimension_of(tree: Tree) -> int:
    """d of the first value with positions; of the first tensor feature; 3 where there is none."""
    for leaf in leaves(tree):
        if isinstance(leaf, Points) or getattr(leaf, "rank", None):
            return leaf.data.shape[-1]
    return 3


def species_of(tree: Tree) -> Tensor:
    """The species of every particle, integers `(batch, n)`: spins and kinds where they are known, else all the same."""
    known = (leaf.species() for leaf in leaves(tree) if isinstance(leaf, Points))
    same = torch.zeros(batch_size(tree), particles_of(tree), dtype=torch.long)
    return next((species for species in known if species is not None), same)
