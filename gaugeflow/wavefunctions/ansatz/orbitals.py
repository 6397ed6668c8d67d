"""One-particle orbitals, the columns from which determinants, Pfaffians and pair products are made."""

import math
from typing import Any

import torch
from torch import Tensor, nn

from gaugeflow.wavefunctions.particles import Particles
from gaugeflow.wavefunctions.systems.levels import lowest_levels

__all__ = ["HarmonicOrbitals", "Orbitals", "PlaneWaves"]

Sizes = tuple[int, int]


class Orbitals(nn.Module):
    """``terms`` sets of orbitals for each spin: ``orbitals(x) -> (up, down)``.

    ``up`` has the shape ``(batch, terms, n_up, sizes[0])``: row i belongs to particle i, column m to an orbital, which
    may depend on all particles, but only through symmetric functions of those of each spin; ``down`` likewise.
    """

    def __init__(self, particles: Particles, terms: int, sizes: Sizes) -> None:
        super().__init__()
        self.particles, self.terms, self.sizes = particles, terms, sizes

    def forward(self, x: Any) -> tuple[Tensor, Tensor]:
        raise NotImplementedError(f"{type(self).__name__} must say how its orbitals are calculated")


class HarmonicOrbitals(Orbitals):
    """The lowest orbitals of a harmonic oscillator but for the Gaussian, which is a factor of the whole.

    Normalised Hermite functions ``prod_a h_{k_a}(sqrt(omega) x_a)`` by the recursion
    ``h_{k+1}(t) = sqrt(2/(k+1)) t h_k(t) - sqrt(k/(k+1)) h_{k-1}(t)``, ordered by the energy ``sum k_a`` and within
    a shell by falling k_1, then k_2.
    """

    def __init__(self, particles: Particles, omega: float, sizes: Sizes) -> None:
        super().__init__(particles, 1, sizes)
        self.omega = omega
        self.powers = lowest_levels(particles.dimension, max(sizes))

    def forward(self, x: Any) -> tuple[Tensor, Tensor]:
        t = x * math.sqrt(self.omega)
        ladder = [t * 0 + math.pi**-0.25]
        for k in range(max(map(max, self.powers), default=0)):
            below = ladder[k - 1] * math.sqrt(k / (k + 1)) if k else 0
            ladder.append(ladder[k] * t * math.sqrt(2 / (k + 1)) - below)
        columns = [math.prod((ladder[k][..., a] for a, k in enumerate(level)), start=1) for level in self.powers]
        phi = torch.stack(columns, -1).unsqueeze(1)
        n_up = self.particles.n_up
        return phi[:, :, :n_up, : self.sizes[0]], phi[:, :, n_up:, : self.sizes[1]]


class PlaneWaves(Orbitals):
    """The lowest orbitals on a ring, ``1, sqrt(2) cos(k x), sqrt(2) sin(k x), sqrt(2) cos(2 k x), ...``, k = 2 pi/L."""

    def __init__(self, particles: Particles, period: float, sizes: Sizes) -> None:
        super().__init__(particles, 1, sizes)
        self.wave = 2 * math.pi / period

    def forward(self, x: Any) -> tuple[Tensor, Tensor]:
        t, last = x[..., 0] * self.wave, max(self.sizes)
        columns = [t * 0 + 1.0]
        for k in range(1, last // 2 + 1):
            columns += [(t * k).cos() * math.sqrt(2), (t * k).sin() * math.sqrt(2)]
        phi = torch.stack(columns[:last], -1).unsqueeze(1)
        n_up = self.particles.n_up
        return phi[:, :, :n_up, : self.sizes[0]], phi[:, :, n_up:, : self.sizes[1]]
