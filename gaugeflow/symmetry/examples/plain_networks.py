"""A network without any symmetry, of which routes make one that has it."""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["PlainNetwork"]


class PlainNetwork(nn.Module):
    """Two dense layers on all `size` real numbers of an entry, which come back in its shape `(batch, ...)`."""

    def __init__(self, size: int, seed: int = 0) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        self.first, self.second = (
            nn.Parameter(torch.randn(size, size, generator=generator, dtype=torch.float64) / size**0.5)
            for _ in range(2)
        )

    def forward(self, x: Tensor) -> Tensor:
        real = torch.view_as_real(x.resolve_conj()) if x.is_complex() else x
        y = (torch.tanh(real.flatten(1) @ self.first + 0.5) @ self.second).reshape(real.shape)
        return torch.view_as_complex(y) if x.is_complex() else y
