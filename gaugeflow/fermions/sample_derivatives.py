"""The derivatives of log|psi| at each sample as a linear map, without the matrix that it has.

With ``O_bp = d log|psi(x_b)| / d theta_p`` the natural gradient needs no more than three products: ``O O^T``, ``O m``
and ``O^T z``. The weight W of a linear layer with inputs ``a_bk`` and slopes ``g_bk = d log|psi| / d (W a_bk)``, k over
the places (particles, pairs) that share it, has ``O_b = sum_k g_bk a_bk^T``, as many numbers as W has, while

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
ENTRY_COST = 64
"""An entry of the Gram matrix among all places costs, by its way to memory, as much as so many multiplications."""


class SampleDerivatives(ABC):
    """O of some samples; the numbers that come out are float64.

    Matrices of the Gram matrix are multiplied in the precision of the network, their products summed in float64.
    """

    size: int
    """How many parameters there are."""

    @abstractmethod
    def gram(self, other: Self) -> Tensor:
        """``O O'^T`` with those of other samples, ``(own, other)``."""

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
        self.rows, self.size = rows, rows.shape[1]

    def gram(self, other: Self) -> Tensor:
        return (self.rows @ other.rows.mT).double()

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
        self.size = self.shape[0] * self.shape[1]

    def gram(self, other: Self) -> Tensor:
        """The sum over pairs of places; among the same samples each pair once."""
        once = other is self
        total, half = self.inputs.new_zeros(2, len(self.inputs), len(other.inputs), dtype=torch.float64)
        for k in range(self.inputs.shape[1]):
            for j in range(k if once else 0, other.inputs.shape[1]):
                product = self.inputs[:, k] @ other.inputs[:, j].mT
                product *= self.slopes[:, k] @ other.slopes[:, j].mT
                (half if once and j > k else total).add_(product)
        return total + half + half.mT if once else total

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
        return Rows((self.slopes.mT @ self.inputs).flatten(1))

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
        self.size = sum(self.sizes)

    def gram(self, other: Self) -> Tensor:
        return torch.stack([own.gram(theirs) for own, theirs in zip(self.parts, other.parts, strict=True)]).sum(0)

    def times(self, direction: Tensor) -> Tensor:
        pieces = zip(self.parts, direction.split(self.sizes), strict=True)
        return torch.stack([part.times(piece) for part, piece in pieces]).sum(0)

    def transposed(self, weights: Tensor) -> Tensor:
        return torch.cat([part.transposed(weights) for part in self.parts])

    def gathered(self, gather: Gather) -> Self:
        return type(self)([part.gathered(gather) for part in self.parts])
