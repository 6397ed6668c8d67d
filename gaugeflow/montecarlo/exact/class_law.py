"""Independent group elements from a class function, by rejection from tables of its eigenangle density.

The eigenangles lie on a torus: theta for U(1), (theta, -theta) for SU(2), (a, b, -a - b) for SU(3). Their density, the
class function times Weyl's measure, is bounded by a constant in each cell of a grid; a cell is chosen by these bounds,
a point in it uniformly, and accepted with the density over the bound. Eigenvectors are Haar-distributed.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from gaugeflow.groups import Group
from gaugeflow.kernels.torch.densities import Place, sample_su2, sample_von_mises
from gaugeflow.random import draw_key

__all__ = ["ClassLaw", "draw_quaternions", "draw_von_mises", "reject", "su2_matrix"]

CELLS = {1: 1024, 2: 1024, 3: 256}
"""Cells of each axis of the torus, by N."""


def reject(count: int, attempt: Callable[[Tensor], tuple[Tensor, Tensor]]) -> Tensor:
    """Repeats ``attempt(indices) -> (values, accepted)`` until every one of `count` values is accepted.

    Indices come several times in one attempt where few are left; the first that is accepted counts.
    """
    values, accepted = attempt(torch.arange(count))
    pending = torch.nonzero(~accepted)[:, 0]
    while len(pending):
        copies = min(max(count, 64) // len(pending), 256)
        again, accepted = attempt(pending.repeat(copies))
        success, first = accepted.view(copies, -1).any(0), accepted.view(copies, -1).int().argmax(0)
        chosen = again.view(copies, len(pending), *again.shape[1:])[first[success], torch.nonzero(success)[:, 0]]
        values[pending[success]] = chosen
        pending = pending[~success]
    return values


def draw_von_mises(kappa: Tensor, generator: torch.Generator) -> Tensor:
    """Angles with density ``exp(kappa cos theta)``."""
    return sample_von_mises(kappa, _place(kappa, generator))


def draw_quaternions(alpha: Tensor, generator: torch.Generator) -> Tensor:
    """Unit quaternions ``(*alpha.shape, 4)`` with density ``exp(alpha h_0)``."""
    return sample_su2(alpha, _place(alpha, generator))


def su2_matrix(h: Tensor) -> Tensor:
    """``h_0 + i h.sigma``, ``(..., 2, 2)``."""
    h0, h1, h2, h3 = h.unbind(-1)
    upper, first = torch.complex(h2, h1), torch.complex(h0, h3)
    return torch.stack((first, upper, -upper.conj(), first.conj()), -1).unflatten(-1, (2, 2))


def _place(like: Tensor, generator: torch.Generator) -> Place:
    index = torch.arange(like.numel()).view(like.shape)
    return Place(draw_key(generator), index, torch.zeros_like(index))


class ClassLaw:
    """Draws elements of U(1), SU(2) or SU(3) from a class function.

    In a cell of width h the density f exceeds the largest of its values at the corners by at most ``h^2/8`` times the
    sum over the axes of ``max |d^2 f|`` (linear interpolation, one axis after the other), and each of these maxima is
    no more than the sum of k^2 times the absolute Fourier coefficients. So the bound is proven, up to coefficients
    beyond half the number of cells, which are below rounding.

    Args:
        group: U(1), SU(2) or SU(3).
        weight: the class function, at least 0, of ``(1/N) tr U``.
    """

    def __init__(self, group: Group, weight: Callable[[Tensor], Tensor]) -> None:
        self.group, self.weight, self.rank = group, weight, max(group.n - 1, 1)
        cells = CELLS[group.n]
        self.step = 2 * math.pi / cells
        angle = self.step * torch.arange(cells, dtype=torch.float64)
        f = self.density(torch.stack(torch.meshgrid(*[angle] * self.rank, indexing="ij"), -1))
        order = torch.meshgrid(*[torch.fft.fftfreq(cells, 1 / cells, dtype=torch.float64)] * self.rank, indexing="ij")
        curvature = float((torch.fft.fftn(f).abs() * sum(k * k for k in order)).mean())
        for axis in range(self.rank):
            f = torch.maximum(f, f.roll(-1, axis))
        self.bound = (f + self.step**2 / 8 * curvature).flatten()
        self.cumulative = self.bound.cumsum(0)

    def density(self, free: Tensor) -> Tensor:
        """The class function times Weyl's measure at free angles ``(..., rank)``, not normalised."""
        theta = self._all_angles(free)
        value = self.weight(torch.polar(torch.ones_like(theta), theta).mean(-1))
        for i in range(self.group.n):
            for j in range(i):
                value = value * torch.sin((theta[..., i] - theta[..., j]) / 2) ** 2
        return value

    def draw_angles(self, count: int, generator: torch.Generator) -> Tensor:
        """Eigenangles ``(count, N)``, in no order."""
        cells = CELLS[self.group.n]
        places = torch.tensor([cells**i for i in reversed(range(self.rank))])

        def attempt(pending: Tensor) -> tuple[Tensor, Tensor]:
            r = torch.rand(len(pending), self.rank + 2, generator=generator, dtype=torch.float64)
            cell = torch.searchsorted(self.cumulative, r[:, 0] * self.cumulative[-1]).clamp_max(len(self.bound) - 1)
            free = self.step * (cell[:, None] // places % cells + r[:, 2:])
            return free, r[:, 1] * self.bound[cell] < self.density(free)

        return self._all_angles(reject(count, attempt))

    def draw(self, count: int, generator: torch.Generator) -> Tensor:
        """Elements ``(count, *element_shape)``."""
        theta = self.draw_angles(count, generator)
        if self.group.n == 1:
            return theta[:, 0]
        v = self.group.haar((count,), generator)
        return (v * torch.polar(torch.ones_like(theta), theta)[:, None, :]) @ v.mH

    def _all_angles(self, free: Tensor) -> Tensor:
        return free if self.group.n == 1 else torch.cat((free, -free.sum(-1, keepdim=True)), -1)
