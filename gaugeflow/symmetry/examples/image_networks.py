"""Networks of pictures and scalar fields: a periodic CNN, one with symmetric kernels, one odd under the sign flip."""

from __future__ import annotations

import itertools

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["OddNetwork", "PeriodicCNN", "SymmetricCNN", "SymmetricConv"]


def periodic(inputs: int, outputs: int, generator: torch.Generator, bias: bool = True) -> nn.Conv2d:
    layer = nn.Conv2d(inputs, outputs, 3, padding=1, padding_mode="circular", bias=bias, dtype=torch.float64)
    for parameter in layer.parameters():
        nn.init.normal_(parameter, std=0.3, generator=generator)
    return layer


class PeriodicCNN(nn.Module):
    """`(b, 1, H, W)` -> `(b, channels, H, W)`: equivariant under translations."""

    def __init__(self, channels: int = 4, layers: int = 3, seed: int = 0) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        sizes = [1] + [channels] * layers
        stack: list[nn.Module] = []
        for inputs, outputs in itertools.pairwise(sizes):
            stack += [periodic(inputs, outputs, generator), nn.Tanh()]
        self.stack = nn.Sequential(*stack)

    def forward(self, image: Tensor) -> Tensor:
        return self.stack(image)


class SymmetricConv(nn.Module):
    """A periodic convolution whose kernel is averaged over the eight turns and mirrors.

    `(b, inputs, H, W)` -> `(b, outputs, H, W)`.
    """

    def __init__(self, inputs: int, outputs: int, generator: torch.Generator) -> None:
        super().__init__()
        self.kernel = nn.Parameter(torch.randn(outputs, inputs, 3, 3, generator=generator, dtype=torch.float64))

    def forward(self, image: Tensor) -> Tensor:
        turns = [self.kernel.rot90(k, (2, 3)) for k in range(4)]
        kernel = torch.stack(turns + [turn.flip(3) for turn in turns]).mean(0)
        return functional.conv2d(functional.pad(image, (1, 1, 1, 1), mode="circular"), kernel)


class SymmetricCNN(nn.Module):
    """`(b, 1, H, W)` -> `(b, channels, H, W)`: equivariant under translations, quarter turns and mirrors."""

    def __init__(self, channels: int = 4, seed: int = 0) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        self.stack = nn.Sequential(
            SymmetricConv(1, channels, generator), nn.Tanh(), SymmetricConv(channels, channels, generator), nn.Tanh()
        )

    def forward(self, image: Tensor) -> Tensor:
        return self.stack(image)


class OddNetwork(nn.Module):
    """A field `(b, 1, H, W)` -> a number `(b,)` that changes its sign with the field: no biases, odd activations."""

    def __init__(self, channels: int = 4, seed: int = 0) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        first = periodic(1, channels, generator, bias=False)
        self.stack = nn.Sequential(first, nn.Tanh(), periodic(channels, 1, generator, bias=False))

    def forward(self, field: Tensor) -> Tensor:
        return self.stack(field).sum((1, 2, 3))
