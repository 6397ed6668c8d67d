"""Networks on occupations: features of each site that know of all the others."""

from typing import Any

import torch
from torch import Tensor, nn

from gaugeflow.errors import UserError
from gaugeflow.wavefunctions.backbones.backbone import ParticleNetwork
from gaugeflow.wavefunctions.backbones.dense import Dense
from gaugeflow.wavefunctions.backbones.psiformer import Attention
from gaugeflow.wavefunctions.occupation.configurations import SiteFermions, rows_of
from gaugeflow.wavefunctions.occupation.lattices import Lattice

__all__ = ["SiteAttention", "SiteBackbone", "SiteConvolution", "SiteDense"]


class SiteBackbone(ParticleNetwork):
    """A map ``backbone(x) -> h``, occupations ``(batch, 2, sites)`` to ``(batch, n, width)``: those of the particles.

    Each particle has the features of its site. To write a new one, give `of_sites`.
    """

    def __init__(self, particles: SiteFermions) -> None:
        super().__init__()
        self.fermions = particles

    @property
    def particles(self) -> SiteFermions:
        return self.fermions

    def of_sites(self, x: Any) -> Tensor:
        """``(batch, sites, width)``."""
        raise NotImplementedError(f"{type(self).__name__} must say how its features are calculated")

    def forward(self, x: Any) -> Tensor:
        rows = torch.cat(rows_of(x, self.particles.counts), 1)
        return rows @ self.of_sites(x)


class SiteDense(SiteBackbone):
    """All occupations through one hidden layer, then `width` numbers for each site, as in arXiv:1807.10770."""

    def __init__(self, particles: SiteFermions, hidden: int, width: int, generator: torch.Generator) -> None:
        super().__init__(particles)
        self.width = width
        self.inner = Dense(2 * particles.sites, hidden, generator)
        self.outer = Dense(hidden, particles.sites * width, generator)

    def of_sites(self, x: Any) -> Tensor:
        hidden = torch.tanh(self.inner(2 * x.flatten(1) - 1))
        return torch.tanh(self.outer(hidden)).unflatten(-1, (self.particles.sites, self.width))


class SiteAttention(SiteBackbone):
    """Layers of attention among all sites; each knows its place by a vector of its own, which is learned.

    Raises:
        UserError: a width that the heads do not divide.
    """

    def __init__(
        self, particles: SiteFermions, width: int, heads: int, layers: int, generator: torch.Generator
    ) -> None:
        super().__init__(particles)
        if width % heads:
            raise UserError(f"site attention: expected a width that {heads} heads divide, came {width}")
        self.width = width
        self.embed = Dense(4, width, generator, offset=None)
        self.place = Dense(particles.sites, width, generator, offset=None, scale=particles.sites**0.5)
        self.layers = nn.ModuleList(Attention(width, heads, generator) for _ in range(layers))

    def of_sites(self, x: Any) -> Tensor:
        places = torch.eye(self.particles.sites, dtype=x.dtype, device=x.device).expand(len(x), -1, -1)
        h = self.embed(kinds_of(x)) + self.place(places)
        for layer in self.layers:
            h = layer(h)
        return h


class SiteConvolution(SiteBackbone):
    """``h_i <- h_i + tanh(A h_i + sum_k B_k h_{i + k})`` over the neighbours k of each site, the same for all sites.

    On a torus the features move with the particles. Raises UserError where a site has no neighbour.

    Args:
        isotropic: all ``B_k`` are alike, over the root of their number, so that features also turn with the lattice.
    """

    table: Tensor

    def __init__(
        self,
        particles: SiteFermions,
        lattice: Lattice,
        width: int,
        layers: int,
        generator: torch.Generator,
        isotropic: bool = False,
    ) -> None:
        super().__init__(particles)
        self.width, self.isotropic = width, isotropic
        self.register_buffer("table", lattice.steps, persistent=False)
        inputs = (1 + (1 if isotropic else lattice.steps.shape[1])) * width
        self.embed = Dense(4, width, generator, offset=None)
        self.layers = nn.ModuleList(Dense(inputs, width, generator) for _ in range(layers))

    def of_sites(self, x: Any) -> Tensor:
        h = self.embed(kinds_of(x))
        for layer in self.layers:
            ghost = torch.cat((h, torch.zeros_like(h[:, :1])), 1)  # what lies beyond an open end
            around = ghost[:, self.table]
            around = around.sum(2) * around.shape[2] ** -0.5 if self.isotropic else around.flatten(2)
            h = h + torch.tanh(layer(torch.cat((h, around), -1)))
        return h


def kinds_of(x: Tensor) -> Tensor:
    """Whether a site is empty, has an up, a down, or both, ``(batch, sites, 4)``."""
    up, down = x[:, 0], x[:, 1]
    return torch.stack(((1 - up) * (1 - down), up * (1 - down), (1 - up) * down, up * down), -1)
