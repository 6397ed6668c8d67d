"""The affine layer of the networks, drawn from a generator."""

from typing import Any

import torch
from torch import Tensor, nn

__all__ = ["Dense"]


class Dense(nn.Module):
    """``x W^T + b`` in float64 with weights of variance 1/inputs and b = 0: outputs of order one for such inputs."""

    def __init__(self, inputs: int, outputs: int, generator: torch.Generator, *, bias: bool = True) -> None:
        super().__init__()
        weight = torch.randn(outputs, inputs, generator=generator, dtype=torch.float64)
        self.weight = nn.Parameter(weight * max(inputs, 1) ** -0.5)
        self.bias = nn.Parameter(torch.zeros(outputs, dtype=torch.float64)) if bias else None

    def forward(self, x: Any) -> Tensor:
        return nn.functional.linear(x, self.weight, self.bias)
