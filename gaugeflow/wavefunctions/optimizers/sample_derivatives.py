"""The derivatives of log|psi| at each sample as a linear map, without the matrix that it has.

With ``O_bp = d log|psi(x_b)| / d theta_p`` the natural gradient in sample space needs no more than three products:
``O O^T``, ``O m`` and ``O^T z``. The weight W of a linear layer with inputs ``a_bk`` and slopes
``g_bk = d log|psi| / d (W a_bk)``, k over the places (particles, pairs) that share it, has ``O_b = sum_k g_bk a_bk^T``,
as many numbers as W has, while

    (O O^T)_bc = sum_kl (a_bk . a_cl) (g_bk . g_cl)

takes products of small matrices only. Parameters of other kinds have their rows as they are.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Self

import torch
from torch import Tensor

__all__ = ["Gather", "Layer", "Parts", "Rows", "SampleDerivatives"]

Gather = Callable[[Tensor], Tensor]
"""From the share ``(own, ...)`` of one process to those of all, ``(batch, ...)``."""
ENTRY_COST = 16
"""An entry of the Gram matrix among all places costs, by its way to memory, as much as so many multiplications."""
AT_ONCE = 1 << 22
"""Numbers that are squared at a time."""
BLOCK, DEVICE_BLOCK = 1 << 16, 1 << 24
"""Entries of the Gram matrix at a time: what the caches of a processor hold, and what keeps an accelerator busy."""


class SampleDerivatives(ABC):
    """O of some samples; the numbers that come out are float64.

    The Gram matrix, whose entries are sums of products, is calculated in the precision of the network.
    """

    samples: int
    size: int
    """How many parameters there are."""
    dtype: torch.dtype
    device: torch.device

    def gram(self, other: Self) -> Tensor:
        """``O O'^T`` with those of other samples, ``(own, other)``; with itself each pair of samples once."""
        same = other is self
        total = torch.zeros(self.samples, other.samples, dtype=self.dtype, device=self.device)
        height = max(1, (BLOCK if self.device.type == "cpu" else DEVICE_BLOCK) // max(1, other.samples))
        for begin in range(0, self.samples, height):
            rows, columns = slice(begin, begin + height), slice(begin if same else 0, None)
            self.add_gram(other, rows, columns, total[rows, columns])
        total = total.double()
        return total.triu() + total.triu(1).mT if same else total

    def norm(self) -> float:
        """Of all numbers, ``sqrt(sum O^2)``."""
        return self.squared() ** 0.5

    @abstractmethod
    def squared(self) -> float:
        """``sum O^2``."""

    @abstractmethod
    def add_gram(self, other: Self, rows: slice, columns: slice, total: Tensor) -> None:
        """Adds a block of the Gram matrix to what is there."""

    @abstractmethod
    def matrix(self, rows: slice) -> Tensor:
        """O of these samples as it is, ``(rows, parameters)``."""

    @abstractmethod
    def times(self, direction: Tensor) -> Tensor:
        """``O m``, from ``(parameters,)`` to ``(own,)``."""

    @abstractmethod
    def transposed(self, weights: Tensor) -> Tensor:
        """``O^T z``, from ``(own,)`` to ``(parameters,)``."""

    @abstractmethod
    def gathered(self, gather: Gather) -> Self:
        """Those of the samples of all processes."""


class Rows(SampleDerivatives):
    """O as it is, ``(samples, parameters)``."""

    def __init__(self, rows: Tensor) -> None:
        self.rows = rows
        self.samples, self.size = rows.shape
        self.dtype, self.device = rows.dtype, rows.device

    def squared(self) -> float:
        parts = self.rows.split(max(1, AT_ONCE // max(1, self.size)))
        return sum(float(part.double().square().sum()) for part in parts)

    def add_gram(self, other: Self, rows: slice, columns: slice, total: Tensor) -> None:
        total.addmm_(self.rows[rows], other.rows[columns].mT)

    def matrix(self, rows: slice) -> Tensor:
        return self.rows[rows]

    def times(self, direction: Tensor) -> Tensor:
        return self.rows.double() @ direction

    def transposed(self, weights: Tensor) -> Tensor:
        return weights @ self.rows.double()

    def gathered(self, gather: Gather) -> Self:
        return type(self)(gather(self.rows))


class Layer(SampleDerivatives):
    """O of a weight ``(out, in)`` from its inputs ``(samples, places, in)`` and slopes ``(samples, places, out)``."""

    def __init__(self, inputs: Tensor, slopes: Tensor) -> None:
        self.inputs, self.slopes = inputs, slopes
        self.shape = slopes.shape[-1], inputs.shape[-1]
        self.samples, self.size = len(inputs), self.shape[0] * self.shape[1]
        self.dtype, self.device = slopes.dtype, slopes.device

    def squared(self) -> float:
        places = self.inputs.shape[1]
        by_places = places**2 < self.size
        step, total = max(1, AT_ONCE // max(1, min(places**2, self.size))), 0.0
        for begin in range(0, self.samples, step):
            few = slice(begin, begin + step)
            if by_places:
                a, g = self.inputs[few].double(), self.slopes[few].double()
                total += float(((a @ a.mT) * (g @ g.mT)).sum())
            else:
                total += float(self.matrix(few).double().square().sum())
        return total

    def add_gram(self, other: Self, rows: slice, columns: slice, total: Tensor) -> None:
        a, g, other_a, other_g = self.inputs[rows], self.slopes[rows], other.inputs[columns], other.slopes[columns]
        for k in range(a.shape[1]):
            for j in range(other_a.shape[1]):
                total.addcmul_(a[:, k] @ other_a[:, j].mT, g[:, k] @ other_g[:, j].mT)

    def matrix(self, rows: slice) -> Tensor:
        return (self.slopes[rows].mT @ self.inputs[rows]).flatten(1)

    def times(self, direction: Tensor) -> Tensor:
        moved = self.inputs.double() @ direction.view(self.shape).mT
        return (moved * self.slopes).sum((1, 2))

    def transposed(self, weights: Tensor) -> Tensor:
        weighted = self.slopes * weights[:, None, None]
        return (weighted.flatten(0, 1).mT @ self.inputs.double().flatten(0, 1)).flatten()

    def gathered(self, gather: Gather) -> Self:
        return type(self)(gather(self.inputs), gather(self.slopes))

    def rows(self) -> Rows:
        """The matrix that it stands for."""
        return Rows(self.matrix(slice(None)))

    def cheapest(self, samples: int) -> "Layer | Rows":
        """Itself or its rows, whichever has the cheaper Gram matrix among so many samples."""
        places = self.inputs.shape[1]
        by_places = (samples * places) ** 2 / 2 * (sum(self.shape) + ENTRY_COST)
        by_rows = (samples + places) * samples * self.size
        return self if by_places < by_rows else self.rows()


class Parts(SampleDerivatives):
    """O of several sets of parameters, one after another."""

    def __init__(self, parts: Sequence[SampleDerivatives]) -> None:
        self.parts = parts
        self.sizes = [part.size for part in parts]
        self.samples, self.size = parts[0].samples, sum(self.sizes)
        self.dtype, self.device = parts[0].dtype, parts[0].device

    def add_gram(self, other: Self, rows: slice, columns: slice, total: Tensor) -> None:
        for own, theirs in zip(self.parts, other.parts, strict=True):
            own.add_gram(theirs, rows, columns, total)

    def squared(self) -> float:
        return sum(part.squared() for part in self.parts)

    def matrix(self, rows: slice) -> Tensor:
        return torch.cat([part.matrix(rows) for part in self.parts], 1)

    def times(self, direction: Tensor) -> Tensor:
        pieces = zip(self.parts, direction.split(self.sizes), strict=True)
        return torch.stack([part.times(piece) for part, piece in pieces]).sum(0)

    def transposed(self, weights: Tensor) -> Tensor:
        return torch.cat([part.transposed(weights) for part in self.parts])

    def gathered(self, gather: Gather) -> Self:
        return type(self)([part.gathered(gather) for part in self.parts])
