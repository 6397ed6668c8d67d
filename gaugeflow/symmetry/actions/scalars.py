"""Values without sites or particles: scalars, angles, Polyakov loops, Cartesian tensors, signed logarithms."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self

import torch
from torch import Tensor

from gaugeflow.symmetry.actions.values import Tree, Value, batch_size, wide

__all__ = ["Angles", "CartesianTensors", "Cell", "Invariants", "PolyakovLoop", "Scalars", "SignedLog", "rotate"]


@dataclass(frozen=True, eq=False)
class Scalars(Value):
    """Numbers `(batch, ...)` on which a group acts by a character at most: an output of this type is invariant.

    `odd` names the characters under which the number changes its sign: "parity" (determinant of a rotation or
    a lattice rotation), "charge" (charge conjugation), "z2" (the global sign flip of a field). A signed
    permutation group changes the sign of all scalars.
    """

    odd: tuple[str, ...] = ()

    def by_channel(self, tensor: Tensor) -> Tensor:
        return tensor.reshape(len(tensor), -1, 1)

    @classmethod
    def readings(cls, tensor: Tensor, like: Tree) -> Iterator[Value]:
        if cls is Scalars and tensor.shape[0] == batch_size(like):
            yield from (cls(tensor, odd=odd) for odd in ((), ("parity",), ("charge",), ("z2",)))


@dataclass(frozen=True, eq=False)
class Invariants(Value):
    """Numbers `(batch, ...)` that no group touches, not even the sign of a signed permutation."""

    def by_channel(self, tensor: Tensor) -> Tensor:
        return tensor.reshape(len(tensor), -1, 1)

    @classmethod
    def readings(cls, tensor: Tensor, like: Tree) -> Iterator[Value]:
        if tensor.shape[0] == batch_size(like):
            yield cls(tensor)


@dataclass(frozen=True, eq=False)
class Angles(Scalars):
    """Real angles `(batch, ...)`, compared modulo 2 pi, in units of one radian."""

    def differences(self, other: Self) -> list[Tensor]:
        return [torch.remainder(self.data.double() - other.data.double() + math.pi, 2 * math.pi) - math.pi]

    def magnitude(self) -> Tensor:
        return torch.ones_like(self.by_channel(self.data)[..., 0], dtype=torch.float64)

    def random_like(self, generator: torch.Generator) -> Self:
        angles = (2 * torch.rand(self.data.shape, dtype=torch.float64, generator=generator) - 1) * math.pi
        return self.with_data(angles.to(self.data.device))


@dataclass(frozen=True, eq=False)
class PolyakovLoop(Value):
    """Complex loops `(batch, ...)` that wind `winding` times around the time axis.

    The centre multiplies them by z**winding, charge conjugation and time reversal by complex conjugation.
    """

    winding: int = 1

    def by_channel(self, tensor: Tensor) -> Tensor:
        return tensor.reshape(len(tensor), -1, 1)

    def validate(self) -> None:
        if not self.data.is_complex():
            raise ValueError(f"polyakov_loop: expected a complex tensor, got {self.data.dtype}")


@dataclass(frozen=True, eq=False)
class CartesianTensors(Value):
    """Tensors of one `rank` in d-dimensional space without a particle index, `(batch, ..., d, ..., d)`.

    `pseudo` adds the determinant of the rotation. The `down` last indices turn with the inverse transpose, as gradients
    and momenta do: for rotations it is the same.
    """

    rank: int = 1
    pseudo: bool = False
    down: int = 0

    def validate(self) -> None:
        if not 0 <= self.down <= self.rank:
            raise ValueError(f"{self.name}: expected 0 <= down <= rank = {self.rank}, got {self.down}")
        sizes = set(self.data.shape[self.data.ndim - self.rank :])
        if self.data.ndim <= self.rank or len(sizes) > 1:
            raise ValueError(
                f"{self.name}: expected shape (batch, ..., {', '.join('d' * self.rank)}), got {tuple(self.data.shape)}"
            )

    @classmethod
    def readings(cls, tensor: Tensor, like: Tree) -> Iterator[Value]:
        for rank in (1, 2):
            sizes = set(tensor.shape[tensor.ndim - rank :])
            if tensor.ndim > rank and len(sizes) == 1 and tensor.shape[0] == batch_size(like):
                yield from (cls(tensor, rank=rank), cls(tensor, rank=rank, pseudo=True))


@dataclass(frozen=True, eq=False)
class Cell(CartesianTensors):
    """The edges of a periodic cell, `(batch, d, d)`: each row is a vector, so a motion turns the rows, and translations
    and permutations leave them."""

    def validate(self) -> None:
        if self.data.ndim != 3 or self.data.shape[1] != self.data.shape[2]:
            raise ValueError(f"{self.name}: expected shape (batch, d, d), got {tuple(self.data.shape)}")

    def by_channel(self, tensor: Tensor) -> Tensor:
        return tensor.reshape(len(tensor), 1, -1)

    def random_like(self, generator: torch.Generator) -> Self:
        """The same cell under a strain of a tenth: any edges at random might lie in one plane."""
        d = self.data.shape[-1]
        strain = 0.1 * torch.randn((len(self.data), d, d), dtype=torch.float64, generator=generator)
        return self.with_data(wide(self.data) @ (torch.eye(d, dtype=torch.float64) + strain).to(self.data.device))

    @classmethod
    def readings(cls, tensor: Tensor, like: Tree) -> Iterator[Value]:
        yield from ()


@dataclass(frozen=True, eq=False)
class SignedLog(Value):
    """A number psi = sign * exp(log) as the pair `data = log`, `sign`, each of shape `(batch, ...)`.

    The function returns `(sign, log)`; the sign is +1, -1, 0 or a complex phase. The distance is
    `|psi - psi'| / max(|psi|, |psi'|)`, so nothing overflows, and log = -inf stands for zero.
    """

    sign: Tensor

    def __init__(self, sign: Tensor, log: Tensor) -> None:
        object.__setattr__(self, "data", log)
        object.__setattr__(self, "sign", sign)
        self.__post_init__()

    def validate(self) -> None:
        if self.sign.shape != self.data.shape:
            raise ValueError(
                f"signed_log: expected sign and log of one shape, got {tuple(self.sign.shape)} and "
                f"{tuple(self.data.shape)}"
            )

    def map(self, fn: Any) -> Self:
        return type(self)(fn(self.sign), fn(self.data))

    def raw(self) -> tuple[Tensor, Tensor]:
        return self.sign, self.data

    def is_finite(self) -> bool:
        log_is_number = torch.isfinite(self.data) | (self.data == -math.inf)
        return bool(torch.isfinite(self.sign).all()) and bool(log_is_number.all())

    def differences(self, other: Self) -> list[Tensor]:
        log, log_other = self.data.double(), other.data.double()
        top = torch.maximum(log, log_other)
        top = torch.where(torch.isfinite(top), top, torch.zeros_like(top))
        difference = self.sign * torch.exp(log - top) - other.sign * torch.exp(log_other - top)
        return [wide(difference)]

    def magnitude(self) -> Tensor:
        return torch.ones(len(self.data), 1, dtype=torch.float64, device=self.data.device)


def rotate(data: Tensor, rotation: Tensor, rank: int, pseudo: bool = False) -> Tensor:
    """`rotation` `(batch, d, d)` on each of the last `rank` axes of `data`."""
    matrices = rotation.to(data.dtype).reshape(len(data), *[1] * (data.ndim - 2), *rotation.shape[1:])
    for axis in range(data.ndim - rank, data.ndim):
        moved = data.movedim(axis, -1).unsqueeze(-1)
        data = (matrices @ moved).squeeze(-1).movedim(-1, axis)
    if pseudo:
        data = data * torch.linalg.det(rotation).sgn().to(data.dtype).reshape(-1, *[1] * (data.ndim - 1))
    return data
