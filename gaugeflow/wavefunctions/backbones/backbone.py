"""What a backbone is: features of each particle that know of all the others."""

from typing import Any

import torch
from torch import Tensor, nn

from gaugeflow.wavefunctions.backbones.features import Features
from gaugeflow.wavefunctions.particles import Particles

__all__ = ["Backbone", "ParticleNetwork", "SpinMeans"]


class ParticleNetwork(nn.Module):
    """A map from configurations to features of each particle ``(batch, n, width)``, from which orbitals are read."""

    width: int

    @property
    def particles(self) -> Particles:
        raise NotImplementedError(f"{type(self).__name__} must say whose features it calculates")

    def forward(self, x: Any) -> Tensor:
        raise NotImplementedError(f"{type(self).__name__} must say how its features are calculated")


class Backbone(ParticleNetwork):
    """A map ``backbone(x) -> h``, ``(batch, n, d)`` to ``(batch, n, width)``, equivariant under permutations.

    If two particles of equal spin change places, their rows of h do, and nothing else happens. To write a new one,
    take sums over particles of each spin, or over the others of each particle.
    """

    def __init__(self, features: Features) -> None:
        super().__init__()
        self.features = features

    @property
    def particles(self) -> Particles:
        return self.features.particles


class SpinMeans(nn.Module):
    """Means over the particles of each spin."""

    one: Tensor

    def __init__(self, particles: Particles) -> None:
        super().__init__()
        up = (particles.spins > 0).double()
        kinds = torch.stack([kind for kind, count in zip((up, 1 - up), particles.counts, strict=True) if count])
        counts = kinds.sum(-1, keepdim=True)
        self.kinds = len(kinds)
        self.register_buffer("one", kinds / counts, persistent=False)

    def of_one(self, h: Any) -> Tensor:
        """``(batch, n, c) -> (batch, 1, kinds c)``."""
        return torch.einsum("sj,...jc->...sc", self.one.to(h.dtype), h).flatten(1).unsqueeze(1)
