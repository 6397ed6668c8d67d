"""Networks of tensors: irreducible parts of O(3) at the points of a cloud, and four-momenta."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gaugeflow.symmetry.algebra.o3.clebsch_gordan import clebsch_gordan
from gaugeflow.symmetry.algebra.o3.harmonics import spherical_harmonics

__all__ = ["METRIC", "IrrepNetwork", "LorentzNetwork"]

METRIC = torch.diag(torch.tensor([1.0, -1.0, -1.0, -1.0], dtype=torch.float64))
"""Time first."""


def _weights(seed: int, *size: int) -> nn.Parameter:
    return nn.Parameter(torch.randn(size, generator=torch.Generator().manual_seed(seed), dtype=torch.float64))


class IrrepNetwork(nn.Module):
    """Features 2x0e+1x1o of each point, coupled to harmonics of the directions to all others: 1x2e+1x1o."""

    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        self.weights = _weights(seed, 4)

    def forward(self, r: Tensor, h: Tensor) -> Tensor:
        """Positions `(b, n, 3)` and features `(b, n, 5)` to features `(b, n, 8)`."""
        w = self.weights.to(h.dtype)
        apart = r.unsqueeze(2) - r.unsqueeze(1)
        near = torch.exp(-apart.square().sum(-1, keepdim=True))
        sent = near * spherical_harmonics(2, apart, normalize=False) * torch.sin(h[..., :2] @ w[:2])[:, None, :, None]
        turned = torch.einsum("bijm,bjn,mnk->bik", sent, h[..., 2:], clebsch_gordan(2, 1, 1).to(h))
        return torch.cat([w[2] * sent.sum(2), w[3] * turned + h[..., 2:]], dim=-1)


class LorentzNetwork(nn.Module):
    """Four-momenta `(b, n, 4)` to four-vectors: sums over all others with weights that see invariant products alone."""

    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        self.weights = _weights(seed, 2)

    def forward(self, p: Tensor) -> Tensor:
        w, metric = self.weights.to(p.dtype), METRIC.to(p)
        product = torch.einsum("bim,mn,bjn->bij", p, metric, p)
        return p + w[0] * torch.einsum("bij,bjm->bim", torch.sin(w[1] * product), p)
