"""The factor with the exact cusp of electrons at nuclei."""

from typing import Any

from torch import Tensor, nn

from gaugeflow.wavefunctions.lengths import squared_length
from gaugeflow.wavefunctions.particles import Particles
from gaugeflow.wavefunctions.wavefunction import Factor

__all__ = ["NuclearCusp"]


class NuclearCusp(Factor):
    """``J = -sum_iI (Z_I/b_I) (1 - exp(-b_I |r_i - R_I|))``: slope -Z at the nucleus for any b > 0, which is learned.

    Args:
        particles: in three dimensions.
        positions: of the nuclei in bohr, ``(I, 3)``.
        charges: Z, ``(I,)``; b starts there.
    """

    positions: Tensor
    charges: Tensor

    def __init__(self, particles: Particles, positions: Tensor, charges: Tensor) -> None:
        super().__init__(particles)
        self.register_buffer("positions", positions.double(), persistent=False)
        self.register_buffer("charges", charges.double(), persistent=False)
        self.log_decay = nn.Parameter(charges.double().log())

    def forward(self, x: Any) -> Tensor:
        distances = squared_length(x.unsqueeze(2) - self.positions.to(x.dtype)).squeeze(-1).sqrt()
        b = self.log_decay.exp()
        return ((distances * -b).exp() - 1).mul(self.charges / b).sum((1, 2))
