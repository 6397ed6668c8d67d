"""The layout of the numba backend: rows of sites, real and imaginary parts apart, with a periodic halo.

One axis of the lattice, the *inner* one, runs fastest; the sites that differ only along it make a row. A state is
``(batch, D, rows, 2 N^2, halo + T' + halo)``: for each entry of a link matrix a line of real parts and a line of
imaginary parts. T' is the inner extent T rounded up to whole vectors; position p of a line holds the site
``(p - halo) mod T``. A neighbour along the inner axis is a shifted load, any other one is a load from another row, and
all vectors are full. Momenta and staples have lines of T' without halo.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from llvmlite import binding  # type: ignore[import-untyped]
from numpy.typing import NDArray
from torch import Tensor

__all__ = ["RowLayout", "vector_bytes"]


def vector_bytes() -> int:
    """Width of this processor's widest vector register."""
    features = binding.get_host_cpu_features()
    if features.get("avx512f"):
        return 64
    return 32 if features.get("avx2") else 16


class RowLayout:
    """Where every site of a lattice lies in the rows.

    Args:
        shape: extents of the lattice.
        itemsize: bytes of a real number.
        halo: largest distance along the inner axis between a link and what is multiplied to it, for each choice of
            the inner axis.
    """

    def __init__(self, shape: Sequence[int], itemsize: int, halo: Sequence[int]) -> None:
        widest = vector_bytes() // itemsize
        self.itemsize = itemsize
        self.shape = tuple(shape)
        self.ndim = len(self.shape)
        self.inner = max(range(self.ndim), key=lambda axis: (_fill(self.shape[axis], widest), axis))
        self.extent = self.shape[self.inner]
        self.lanes = widest if self.extent > widest // 2 else widest // 2
        self.padded = -(-self.extent // self.lanes) * self.lanes
        self.halo = halo[self.inner]
        self.outer = tuple(axis for axis in range(self.ndim) if axis != self.inner)
        self.outer_shape = tuple(self.shape[axis] for axis in self.outer)
        self.rows = int(np.prod(self.outer_shape))

    def with_halo(self, halo: int) -> "RowLayout":
        """The same rows with another halo."""
        return RowLayout(self.shape, self.itemsize, [halo] * self.ndim)

    def places(self) -> Tensor:
        """Inner coordinate, not reduced to the extent, of each place of a line with halo."""
        return torch.arange(self.padded + 2 * self.halo) - self.halo

    def neighbour_rows(self, displacements: Sequence[tuple[int, ...]]) -> NDArray[np.int64]:
        """For each displacement (its inner component is ignored) the row beside each row: ``(n, rows)``."""
        index = np.arange(self.rows).reshape(self.outer_shape)
        axes = tuple(range(len(self.outer)))
        shifts = [tuple(-d[axis] for axis in self.outer) for d in displacements]
        return np.array([np.roll(index, shift, axes).ravel() for shift in shifts], dtype=np.int64).reshape(
            -1, self.rows
        )

    def sites(self) -> NDArray[np.int64]:
        """Lexicographic index of the site in each place: ``(rows, T)``."""
        index = np.arange(int(np.prod(self.shape))).reshape(self.shape)
        return np.ascontiguousarray(index.transpose(*self.outer, self.inner).reshape(self.rows, self.extent))

    def lines_of(self, fields: Sequence[Tensor], dtype: torch.dtype) -> NDArray[Any]:
        """Real site fields, ``shape`` each, as lines without halo, ``(n, rows, T')``, zero beyond the extent."""
        lines = torch.zeros(len(fields), self.rows, self.padded, dtype=dtype)
        places = torch.from_numpy(self.sites())
        for line, field in zip(lines, fields, strict=True):
            line[:, : self.extent] = field.reshape(-1)[places]
        return lines.numpy()

    def vectors(self, chosen: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Numbers of the vectors that hold a chosen site (``(rows, T)``): ``row * vectors_per_row + vector``."""
        padded = np.pad(chosen, ((0, 0), (0, self.padded - self.extent)))
        return np.flatnonzero(padded.reshape(-1, self.lanes).any(1))

    def to_rows(self, field: Tensor) -> Tensor:
        """``(batch, D, *shape, components)`` to a view ``(batch, D, *outer, components, T)``."""
        return field.permute(0, 1, *(2 + axis for axis in self.outer), field.ndim - 1, 2 + self.inner)

    def from_rows(self, lines: Tensor) -> Tensor:
        """``(batch, D, rows, components, T)`` to ``(batch, D, *shape, components)``."""
        field = lines.unflatten(2, self.outer_shape)
        back = [0, 1] + [0] * self.ndim + [2 + self.ndim - 1]
        for place, axis in enumerate(self.outer):
            back[2 + axis] = 2 + place
        back[2 + self.inner] = field.ndim - 1
        return field.permute(back).contiguous()


def _fill(extent: int, lanes: int) -> float:
    """Share of vector lanes at work in a row of ``extent`` sites."""
    return extent / (-(-extent // lanes) * lanes)
