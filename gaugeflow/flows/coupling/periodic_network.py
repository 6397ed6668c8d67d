"""A small network on a periodic lattice in any dimension: the conditioner behind the invariants."""

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import linear, silu

from gaugeflow.errors import UserError

__all__ = ["PeriodicNetwork", "Pointwise"]


class Pointwise(nn.Module):
    """A linear map of the last axis whose weights follow the dtype of what comes in; zero weights where ``size`` is 0.

    Args:
        features: how many numbers come in.
        outputs: how many go out.
        generator: source of the weights, normal with variance ``size^2 / features``; biases are zero.
        size: scale of the weights.
        dtype: of the parameters.
    """

    def __init__(
        self,
        features: int,
        outputs: int,
        generator: torch.Generator,
        size: float = 1.0,
        dtype: torch.dtype = torch.float64,
    ) -> None:
        super().__init__()
        drawn = torch.randn(outputs, features, generator=generator, dtype=dtype, device=generator.device)
        self.weight = nn.Parameter(drawn * (size / math.sqrt(features)))
        self.bias = nn.Parameter(torch.zeros(outputs, dtype=dtype, device=generator.device))

    def forward(self, x: Tensor) -> Tensor:
        return linear(x, self.weight.to(x.dtype), self.bias.to(x.dtype))


class PeriodicNetwork(nn.Module):
    """Convolutions with periodic boundaries and the SiLU function behind each, features on the last axis.

    The stencil of a site is the site itself and its neighbours along the axes up to distance ``(kernel - 1) / 2``:
    ``1 + D (kernel - 1)`` sites where a full cube has ``kernel^D``.

    Args:
        ndim: lattice axes D.
        features: how many numbers come in at each site.
        hidden: widths of the layers; what comes out has the last of them.
        kernel: odd extent of the stencil; with 1 every site is for itself.
        generator: source of the weights.
        dtype: of the parameters.

    Raises:
        UserError: no layer, a width below one, or a kernel that is not odd.
    """

    def __init__(
        self,
        ndim: int,
        features: int,
        hidden: Sequence[int],
        kernel: int,
        generator: torch.Generator,
        dtype: torch.dtype = torch.float64,
    ) -> None:
        super().__init__()
        if not hidden or min(hidden) < 1:
            raise UserError(f"network: expected widths >= 1 of one hidden layer or more, got {list(hidden)}")
        if kernel < 1 or kernel % 2 == 0:
            raise UserError(f"network: expected an odd kernel, got {kernel}")
        reach = range(1, kernel // 2 + 1)
        self.shifts = [(axis + 1, s * r) for axis in range(ndim) for r in reach for s in (1, -1)]
        stencil = 1 + len(self.shifts)
        widths = [features, *hidden]
        self.layers = nn.ModuleList(Pointwise(stencil * a, b, generator, dtype=dtype) for a, b in pairwise(widths))
        self.channels = hidden[-1]

    def forward(self, x: Tensor) -> Tensor:
        """``(batch, *shape, features)`` to ``(batch, *shape, hidden[-1])``."""
        for layer in self.layers:
            neighbours = [x.roll(steps, axis) for axis, steps in self.shifts]
            x = silu(layer(torch.cat((x, *neighbours), -1)))
        return x
