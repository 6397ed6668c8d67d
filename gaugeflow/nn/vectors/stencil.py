"""A stencil: what a convolution of site vectors is over fixed links, ready to be applied many times."""

from dataclasses import dataclass
from functools import reduce

import torch
from torch import Tensor

from gaugeflow.errors import UserError

__all__ = ["Stencil"]


@dataclass(frozen=True)
class Stencil:
    """``v'_i(x) = sum_{d, c} K_{d, i, c}(x) v_c(x + d)`` at every ``stride``-th site x, a linear map with its adjoint.

    Site vectors are ``(batch, C, *shape, N)``; what comes out is ``(batch, I, *corners, N)``.
    """

    matrices: Tensor
    """``[K_{d_1}(x) | K_{d_2}(x) | ...]`` at every corner, ``(batch, *corners, I N, n_d C N)``."""
    displacements: tuple[tuple[int, ...], ...]
    """The d, whole numbers along each axis."""
    channels: tuple[int, int]
    """I and C."""
    stride: int = 1

    @property
    def shape(self) -> tuple[int, ...]:
        """Extents of the lattice of ``v``."""
        return tuple(self.stride * extent for extent in self.matrices.shape[1:-2])

    @property
    def hops(self) -> float:
        """Products of a colour matrix and a vector of another site, for each site of the lattice of ``v``."""
        moved = sum(any(d) for d in self.displacements)
        return moved * self.channels[0] * self.channels[1] / self.stride ** len(self.shape)

    def __call__(self, v: Tensor) -> Tensor:
        """Raises ``UserError`` for vectors of another lattice, colour, precision or number of channels."""
        columns = self._columns(v, self.shape, self.channels[1])
        axes, corners = self._axes, self._corners
        ends = [columns.roll([-steps for steps in d], axes)[corners] for d in self.displacements]
        return _by_channel(self.matrices @ torch.cat(ends, -2), self.channels[0])

    def adjoint(self, v: Tensor) -> Tensor:
        """``<u, K v> = <K^dagger u, v>``: from ``(batch, I, *corners, N)`` back to ``(batch, C, *shape, N)``.

        Raises:
            UserError: as for the map itself.
        """
        columns = self._columns(v, self.matrices.shape[1:-2], self.channels[0])
        sent = self._spread(self.matrices.mH @ columns).chunk(len(self.displacements), -2)
        axes = self._axes
        back = [part.roll(d, axes) for part, d in zip(sent, self.displacements, strict=True)]
        return _by_channel(reduce(torch.add, back), self.channels[1])

    @property
    def _axes(self) -> list[int]:
        return list(range(1, 1 + len(self.shape)))

    @property
    def _corners(self) -> tuple[slice, ...]:
        return (slice(None), *[slice(None, None, self.stride)] * len(self.shape))

    def _spread(self, columns: Tensor) -> Tensor:
        """What stands at the corners on the whole lattice, with zeros between."""
        whole = columns.new_zeros(len(columns), *self.shape, *columns.shape[-2:])
        whole[self._corners] = columns
        return whole

    def _columns(self, v: Tensor, shape: tuple[int, ...], channels: int) -> Tensor:
        """``(batch, C, *shape, N)`` to columns ``(batch, *shape, C N, 1)``."""
        k = self.matrices
        expected = (len(k), channels, *shape, k.shape[-2] // self.channels[0])
        if v.shape != expected or v.dtype != k.dtype:
            raise UserError(
                f"site vectors: expected (batch, channels, *shape, N) = {expected} in {k.dtype}, "
                f"got {tuple(v.shape)} in {v.dtype}"
            )
        return v.movedim(1, -2).flatten(-2).unsqueeze(-1)


def _by_channel(columns: Tensor, channels: int) -> Tensor:
    """Columns ``(batch, *shape, C N, 1)`` to ``(batch, C, *shape, N)``."""
    return columns.squeeze(-1).unflatten(-1, (channels, -1)).movedim(-2, 1)
