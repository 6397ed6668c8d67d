"""Orbitals on sites: a number for each site and column, learned, from the lowest states of independent particles."""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from gaugeflow.wavefunctions.ansatz.orbitals import Orbitals, Sizes
from gaugeflow.wavefunctions.backbones.dense import Dense
from gaugeflow.wavefunctions.occupation.configurations import SiteFermions, rows_of

__all__ = ["ComplexOrbitals", "SiteOrbitals", "lowest_orbitals", "side_by_side"]

NOISE = 0.02
"""Of the orbitals at the start: degenerate levels are filled somehow, and no two terms are alike."""


class SiteOrbitals(Orbitals):
    """``phi_km(i) = W_km(site of i)``, each spin with its own W.

    Args:
        start: the orbitals to start from, ``(2, sites, columns)``; columns behind them begin as noise. See
            `side_by_side` for one determinant over both spins.
        generator: source of a little noise.
        fixed: they stay as they start, without noise, and are not learned.
    """

    def __init__(
        self,
        particles: SiteFermions,
        terms: int,
        sizes: Sizes,
        start: Tensor,
        generator: torch.Generator,
        fixed: bool = False,
    ) -> None:
        super().__init__(particles, terms, sizes)
        scale = 0.0 if fixed else NOISE
        made = [Dense(particles.sites, terms * size, generator, scale=scale, offset=None) for size in sizes]
        for spin, (layer, size) in enumerate(zip(made, sizes, strict=True)):
            count = min(size, start.shape[-1])
            columns = layer.weight.data.view(terms, size, particles.sites)
            columns[:, :count] += start[spin, :, :count].T
        self.tables = nn.ModuleList(made).requires_grad_(not fixed)

    def forward(self, x: Any) -> tuple[Tensor, Tensor]:
        up, down = rows_of(x, self._counts)
        return self.on(0, up), self.on(1, down)

    def on(self, spin: int, rows: Tensor) -> Tensor:
        """Those of one spin on sites ``(batch, k, sites)``, zeros and a one each, or nothing: ``(batch, terms, k,
        size)``."""
        return self.tables[spin](rows).unflatten(-1, (self.terms, self.sizes[spin])).transpose(1, 2)

    def of_sites(self) -> list[Tensor]:
        """W of each spin in float64, ``(terms, sites, size)``."""
        tables: Any = self.tables
        return [
            table.weight.double().unflatten(0, (self.terms, size)).mT
            for table, size in zip(tables, self.sizes, strict=True)
        ]

    @property
    def _counts(self) -> tuple[int, int]:
        return self.particles.counts


class ComplexOrbitals(Orbitals):
    """``phi = a + i b`` of two sets of real orbitals, as a Hamiltonian with complex hoppings needs them.

    Args:
        real, imaginary: a and b, of the same particles and sizes.
    """

    def __init__(self, real: Orbitals, imaginary: Orbitals) -> None:
        super().__init__(real.particles, real.terms, real.sizes)
        self.real, self.imaginary = real, imaginary

    def forward(self, x: Any) -> tuple[Tensor, Tensor]:
        up, down = (torch.complex(*pair) for pair in zip(self.real(x), self.imaginary(x), strict=True))
        return up, down


def side_by_side(up: Tensor, down: Tensor, first: int, columns: int) -> Tensor:
    """Orbitals ``(2, sites, columns)`` of one matrix over both spins: those of up particles ``(sites, k)`` at the left,
    those of down ones from the column `first` on, and zeros."""
    found = torch.zeros(2, len(up), columns, dtype=up.dtype)
    found[0, :, : up.shape[1]] = up
    found[1, :, first : first + down.shape[1]] = down
    return found


def lowest_orbitals(one_body: np.ndarray) -> Tensor:
    """The states of independent particles in the order of their energies, ``(2, sites, sites)``, a state a column.

    Args:
        one_body: hermitian, ``(2, sites, sites)``; the states are complex where it is.
    """
    matrices = one_body if np.abs(one_body.imag).max() > 0 else one_body.real
    return torch.from_numpy(np.stack([np.linalg.eigh(matrix)[1] for matrix in matrices]))
