"""A preconditioner of the covariant Laplacian: sums over coarser and coarser lattices, Hermitian and positive."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations, product

import torch
from torch import Tensor, nn

from gaugeflow.errors import UserError
from gaugeflow.kernels import Path
from gaugeflow.lattice import lattice_shape
from gaugeflow.nn.layers.blocking import corner_links
from gaugeflow.nn.theory import GaugeTheory
from gaugeflow.nn.vectors.convolution import PTConv
from gaugeflow.nn.vectors.stencil import Stencil

__all__ = ["MultilevelMap", "Preconditioner", "hat_paths"]


class Preconditioner(nn.Module):
    """``M = S^+ S + R^+ M' R``, where M' is the same of half as many sites along each axis, down to ``S^+ S`` alone.

    R carries site vectors to every second site along :func:`hat_paths`, S acts on a lattice, M' on that of the products
    of two links in a row. S and R are :class:`PTConv` of one channel: M is linear and gauge-covariant. It is Hermitian
    whatever the weights are, and positive where no ``S v`` on the finest lattice vanishes. Of the translations it keeps
    those by multiples of 2^levels.

    It begins with the weights of linear interpolation, as the preconditioner of Bramble, Pasciak and Xu (Math. Comp. 55
    (1990) 1) with parallel transport. With M conjugate gradients can save hops beside steps, which they do with no
    polynomial in the Laplacian. The weights serve any lattice whose extents 2^levels divides.

    Args:
        theory: group, dimension, rotations; where all axes turn there are D + 1 weights in each R.
        levels: how many coarser lattices.
        smoothing: paths of S, the empty one among them, at which it begins; by default S is a number. Others cost hops.

    Raises:
        UserError: fewer than zero levels, or paths that do not fit.
    """

    restriction: PTConv | None
    coarser: "Preconditioner | None"

    def __init__(
        self, theory: GaugeTheory, levels: int = 3, *, smoothing: Sequence[str | Sequence[int]] = ((),)
    ) -> None:
        super().__init__()
        if not isinstance(levels, int) or levels < 0:
            raise UserError(f"Preconditioner: expected a whole number of levels >= 0, got {levels!r}")
        self.theory, self.levels = theory, levels
        self.smoother = PTConv(theory, 1, 1, paths=smoothing)
        start = 1 / math.sqrt(2 * theory.ndim)
        self.smoother.weight.set_(torch.tensor([[start * (path == ()) for path in self.smoother.paths]]))
        self.restriction = self.coarser = None
        if levels:
            self.restriction = _interpolation(theory)
            self.coarser = Preconditioner(theory, levels - 1, smoothing=smoothing)

    def forward(self, links: Tensor, v: Tensor) -> Tensor:
        """``(batch, 1, *shape, N)`` to the same.

        Raises:
            UserError: fields that are not those that it was built for.
        """
        return self.over(links)(v)

    def over(self, links: Tensor) -> "MultilevelMap":
        """M over these links, ``(batch, D, *shape, ...)``, to be applied many times.

        Raises:
            UserError: links of another theory, or extents that 2^levels does not divide.
        """
        self.theory.check_links(links, "Preconditioner")
        shape = lattice_shape(links)
        if any(extent % 2**self.levels for extent in shape):
            raise UserError(f"Preconditioner: expected extents divisible by {2**self.levels}, got {shape}")
        if self.restriction is None or self.coarser is None:
            return MultilevelMap(self.smoother.over(links))
        coarser = self.coarser.over(corner_links(links, 2))
        return MultilevelMap(self.smoother.over(links), self.restriction.over(links), coarser)

    def extra_repr(self) -> str:
        return f"{self.theory.name}, D={self.theory.ndim}, {self.levels} coarser lattices"


@dataclass(frozen=True)
class MultilevelMap:
    """M of a :class:`Preconditioner` over fixed links: site vectors ``(batch, 1, *shape, N)`` to the same."""

    smoother: Stencil
    restriction: Stencil | None = None
    coarser: "MultilevelMap | None" = None

    def __call__(self, v: Tensor) -> Tensor:
        """Raises ``UserError`` for vectors of another lattice, colour or precision."""
        here = self.smoother.adjoint(self.smoother(v))
        if self.restriction is None or self.coarser is None:
            return here
        return here + self.restriction.adjoint(self.coarser(self.restriction(v)))

    @property
    def hops(self) -> float:
        """Products of a colour matrix and a vector of another site, for each site of the lattice of v."""
        here = 2 * self.smoother.hops
        if self.restriction is None or self.coarser is None:
            return here
        return here + 2 * self.restriction.hops + self.coarser.hops / 2 ** len(self.smoother.shape)


def hat_paths(ndim: int) -> tuple[Path, ...]:
    """The shortest paths to all sites of the cube from -1 to 1: a step, or none, along every axis, in every order."""
    return tuple(
        tuple(sign * axis for sign, axis in zip(signs, axes, strict=True))
        for steps in range(ndim + 1)
        for axes in permutations(range(1, ndim + 1), steps)
        for signs in product((1, -1), repeat=steps)
    )


def _interpolation(theory: GaugeTheory) -> PTConv:
    """R at first: the adjoint of linear interpolation, times what the unit of length makes of ``-D^2``."""
    paths = hat_paths(theory.ndim)
    scale = 2 ** (1 - theory.ndim / 2)
    restriction = PTConv(theory, 1, 1, paths=paths, stride=2)
    restriction.weight.set_(torch.tensor([[scale / (2 ** len(path) * math.factorial(len(path))) for path in paths]]))
    return restriction
