"""Gaussian factors: the confinement by a trap, and the centre of mass that pair forces leave alone."""

from typing import Any

import torch
from torch import Tensor, nn

from gaugeflow.wavefunctions.particles import Particles
from gaugeflow.wavefunctions.wavefunction import Factor

__all__ = ["CentreOfMass", "Gaussian"]


class Gaussian(Factor):
    """``J = -(omega/2) sum_i r_i^2``; omega may be learned."""

    def __init__(self, particles: Particles, omega: float, learned: bool = False) -> None:
        super().__init__(particles)
        self.log_omega = nn.Parameter(torch.tensor(omega, dtype=torch.float64).log(), requires_grad=learned)

    def forward(self, x: Any) -> Tensor:
        return x.square().sum((1, 2)) * (-0.5 * self.log_omega.exp())


class CentreOfMass(Factor):
    """``J = (n/2) change R^2`` with R the centre of mass; the change may be learned.

    In a trap of frequency omega with harmonic pair forces the relative motion has the frequency Omega and the centre of
    mass keeps omega: with a Gaussian of Omega, ``change = Omega - omega`` makes that so.
    """

    def __init__(self, particles: Particles, change: float, learned: bool = False) -> None:
        super().__init__(particles)
        self.change = nn.Parameter(torch.tensor(change, dtype=torch.float64), requires_grad=learned)

    def forward(self, x: Any) -> Tensor:
        return x.mean(1).square().sum(-1) * (0.5 * self.particles.n * self.change)
