"""The pair factor with the exact kink where particles meet that repel each other at contact."""

from typing import Any

import torch
from torch import Tensor, nn

from gaugeflow.errors import UserError
from gaugeflow.wavefunctions.lengths import chord
from gaugeflow.wavefunctions.particles import Particles
from gaugeflow.wavefunctions.wavefunction import Factor

__all__ = ["ContactCusp"]


class ContactCusp(Factor):
    """``J = sum_{i<j} (c/2b) log(1 + b s_ij)``, with the slope c/2 at s = 0 for any b > 0, which is learned.

    Under ``-(1/2) (d_1^2 + d_2^2) + c delta(x_1 - x_2)`` the slope of psi jumps by c psi where two particles meet
    (E. H. Lieb and W. Liniger, Phys. Rev. 130 (1963) 1605, eq. (2.4)). s is the distance, on a ring the chord. Pairs of
    equal spin, which never meet, have no such factor.

    Args:
        strength: c > 0; b starts at c/2, where a pair has 1 + c s/2.
        period: the length of a ring.

    Raises:
        UserError: particles in more than one dimension, where a contact needs another treatment.
    """

    meet: Tensor

    def __init__(self, particles: Particles, strength: float, period: float | None = None) -> None:
        super().__init__(particles)
        if particles.dimension != 1:
            raise UserError(
                f"contact: expected particles in one dimension, came {particles}: elsewhere a delta function does not "
                "act on smooth functions without a cut-off"
            )
        self.slope, self.period = strength / 2, period
        self.log_range = nn.Parameter(torch.tensor(self.slope, dtype=torch.float64).log())
        self.register_buffer("meet", torch.where(particles.like, 0.0, self.slope).double(), persistent=False)

    def forward(self, x: Any) -> Tensor:
        first, second = self.particles.pairs
        s = chord(x[:, first, 0] - x[:, second, 0], self.period).abs()
        b = self.log_range.exp()
        return ((s * b).log1p() * (self.meet / b)).sum(-1)
