"""Backflow on sites: every particle takes along what its orbitals are on the sites around it."""

from typing import Any

import torch
from torch import Tensor, nn

from gaugeflow.errors import UserError
from gaugeflow.wavefunctions.ansatz.orbitals import Orbitals
from gaugeflow.wavefunctions.backbones.dense import Dense
from gaugeflow.wavefunctions.occupation.configurations import rows_of
from gaugeflow.wavefunctions.occupation.lattices import Lattice
from gaugeflow.wavefunctions.occupation.site_backbones import SiteBackbone
from gaugeflow.wavefunctions.occupation.site_orbitals import SiteOrbitals

__all__ = ["SiteBackflow"]

SMALL = 0.1
"""The size of the weights at the start, beside the one of a particle's own site."""


class SiteBackflow(Orbitals):
    """``phi_km(i) = sum_t (delta_t0 + w_kt . h_i + b_kt) base_km(i + t)``, t over the ways of at most `reach` bonds.

    The backflow of arXiv:0805.1476 with weights from a network. They are numbers for the whole set of orbitals: where
    the features h move with the particles, a motion of the lattice takes the determinant of a closed shell to itself,
    but for its character. What lies beyond an open end is zero.

    Args:
        base: the orbitals, learned or fixed.
        generator: source of w; b is 0 at the start.

    Raises:
        UserError: no step, other particles, or a lattice whose boundary has phases.
    """

    moves: Tensor

    def __init__(
        self, backbone: SiteBackbone, base: SiteOrbitals, lattice: Lattice, reach: int, generator: torch.Generator
    ) -> None:
        super().__init__(base.particles, base.terms, base.sizes)
        self.particles.same_as(backbone.particles, "backflow")
        if reach < 1:
            raise UserError(f"backflow: expected a reach of at least one bond, came {reach}")
        if any(kind not in ("periodic", "open") for kind in lattice.boundary):
            raise UserError(
                "backflow: expected periodic or open boundaries on sites, came "
                f"{', '.join(map(str, lattice.boundary))}: orbitals have phases across those"
            )
        self.backbone, self.base = backbone, base
        ways = _ways(lattice.steps, reach)
        self.ways = ways.shape[1]
        ghost = torch.eye(lattice.sites + 1, lattice.sites, dtype=torch.float64)
        self.register_buffer("moves", ghost[ways].flatten(1), persistent=False)
        self.weights = nn.ModuleList(
            Dense(backbone.width, self.terms * self.ways, generator, scale=SMALL) for _ in base.sizes
        )

    def forward(self, x: Any) -> tuple[Tensor, Tensor]:
        h, n_up = self.backbone(x), self.particles.n_up
        up, down = rows_of(x, (n_up, self.particles.n - n_up))
        return self._moved(0, up, h[:, :n_up]), self._moved(1, down, h[:, n_up:])

    def _moved(self, spin: int, rows: Tensor, h: Tensor) -> Tensor:
        """Of particles at sites ``(batch, n, sites)`` with features ``(batch, n, width)``."""
        batch, n, sites = rows.shape
        around = (rows @ self.moves).reshape(batch, n * self.ways, sites)
        orbitals = self.base.on(spin, around).unflatten(2, (n, self.ways))
        weights = self.weights[spin](h).unflatten(-1, (self.terms, self.ways)).transpose(1, 2)
        return orbitals[:, :, :, 0] + (weights[..., None] * orbitals).sum(3)


def _ways(steps: Tensor, reach: int) -> Tensor:
    """Where a site, each of its neighbours and theirs lie, each way once, ``(sites, ways)``; the site itself first."""
    sites = len(steps)
    beyond = torch.cat((steps, torch.full_like(steps[:1], sites)))
    last = [torch.arange(sites + 1)]
    found = {tuple(way.tolist()) for way in last}
    ways = last
    for _ in range(reach):
        last = [step[way] for way in last for step in beyond.T]
        new = {tuple(way.tolist()): way for way in last}
        ways = ways + [way for key, way in new.items() if key not in found]
        found |= new.keys()
    return torch.stack([way[:sites] for way in ways], 1)
