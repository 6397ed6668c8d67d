"""A potential of pairs with a smooth cut-off, for points in the open and in a periodic cell."""

from __future__ import annotations

from itertools import product

import torch
from torch import Tensor, nn

__all__ = ["PairPotential"]


class PairPotential(nn.Module):
    """E = sum over pairs of (1 - d^2 / cutoff^2)^3 p(d^2) up to the cut-off, with a random polynomial p.

    In a cell `(b, d, d)` the pairs are all pairs of images; the cut-off must be smaller than the distance of its faces.
    """

    def __init__(self, cutoff: float = 1.5, seed: int = 0) -> None:
        super().__init__()
        self.cutoff = cutoff
        self.coefficients = nn.Parameter(torch.randn(3, generator=torch.Generator().manual_seed(seed)))

    def forward(self, r: Tensor, cell: Tensor | None = None) -> Tensor:
        """Positions `(b, n, d)` to energies `(b,)`."""
        apart = r.unsqueeze(2) - r.unsqueeze(1)
        if cell is None:
            images = apart.unsqueeze(3)
        else:
            inside = apart @ torch.linalg.inv(cell).unsqueeze(1)
            nearest = (inside - inside.round()).unsqueeze(3)
            steps = torch.tensor([*product((-1.0, 0.0, 1.0), repeat=r.shape[2])], dtype=r.dtype, device=r.device)
            images = (nearest + steps) @ cell[:, None, None]
        return self._of_pairs(images.square().sum(-1)).sum((1, 2, 3))

    def _of_pairs(self, square: Tensor) -> Tensor:
        weight = (1 - square / self.cutoff**2).clamp(min=0) ** 3
        c = self.coefficients.to(square)
        return weight * (c[0] + c[1] * square + c[2] * square**2) * (square > 0)
