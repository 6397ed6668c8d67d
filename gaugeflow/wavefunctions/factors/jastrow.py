"""Pair factors with the exact cusp of the Coulomb repulsion."""

from typing import Any

import torch
from torch import Tensor, nn

from gaugeflow.errors import UserError
from gaugeflow.wavefunctions.lengths import squared_length
from gaugeflow.wavefunctions.particles import Particles
from gaugeflow.wavefunctions.wavefunction import Factor

__all__ = ["PairJastrow", "pair_distances"]


class PairJastrow(Factor):
    """``J = sum_{i<j} (c/b) log(1 + b r_ij)``, with the slope c of Kato at r = 0 for any b > 0, which is learned.

    Two particles of charge 1 and mass 1 that repel each other by 1/r meet with
    ``c = 1/(d - 1)`` if their spins differ and ``c = 1/(d + 1)`` if they are equal, d = 2, 3 (T. Kato, Commun. Pure
    Appl. Math. 10 (1957) 151; R. T. Pack and W. Byers Brown, J. Chem. Phys. 45 (1966) 556). With b = c the factor of
    two particles is 1 + c r, which in certain traps is exact.

    Args:
        particles: in two or three dimensions.
        inverse_range: b at the start, for unlike and like spins; c times two by default.

    Raises:
        UserError: particles in one dimension, where 1/r has no such cusp.
    """

    kind: Tensor
    cusps: Tensor

    def __init__(self, particles: Particles, inverse_range: tuple[float, float] | None = None) -> None:
        super().__init__(particles)
        d = particles.dimension
        if d < 2:
            raise UserError("pair Jastrow factor: expected two or three dimensions, came one")
        cusps = torch.tensor([1 / (d - 1), 1 / (d + 1)], dtype=torch.float64)
        start = 2 * cusps if inverse_range is None else torch.tensor(inverse_range, dtype=torch.float64)
        self.log_range = nn.Parameter(start.log())
        self.register_buffer("kind", particles.like.long(), persistent=False)
        self.register_buffer("cusps", cusps, persistent=False)

    def forward(self, x: Any) -> Tensor:
        return self.of_pairs(pair_distances(x, self.particles), self.kind).sum(-1)

    def of_pairs(self, r: Any, kind: Tensor) -> Tensor:
        """The exponents of pairs at the distances r, of unlike (kind 0) or like (kind 1) spins."""
        b = self.log_range.exp()[kind]
        return (r * b).log1p() * (self.cusps[kind] / b)


def pair_distances(x: Any, particles: Particles) -> Tensor:
    """|r_i - r_j| for i < j, shape ``(batch, n (n-1)/2)``."""
    first, second = particles.pairs
    return squared_length(x[:, first] - x[:, second]).squeeze(-1).sqrt()
