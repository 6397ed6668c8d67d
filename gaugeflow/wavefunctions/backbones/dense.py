"""The affine layer of the networks, drawn from a generator."""

from typing import Any

import torch
from torch import Tensor, nn

__all__ = ["Dense"]


class Dense(nn.Module):
    """``x W^T + b`` in float64: at the start W is normal with variance scale^2/inputs, so that outputs are of the size
    `scale` for inputs of order one, and b is `offset`, or absent for None."""

    def __init__(
        self, inputs: int, outputs: int, generator: torch.Generator, *, scale: float = 1.0, offset: float | None = 0.0
    ) -> None:
        super().__init__()
        weight = torch.randn(outputs, inputs, generator=generator, dtype=torch.float64)
        self.weight = nn.Parameter(weight * scale * max(inputs, 1) ** -0.5)
        self.bias = None if offset is None else nn.Parameter(torch.full((outputs,), offset, dtype=torch.float64))

    def forward(self, x: Any) -> Tensor:
        return nn.functional.linear(x, self.weight, self.bias)
