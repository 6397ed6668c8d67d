"""Many dense networks of one shape, trained side by side as batched products."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

__all__ = ["StackedDense", "descend"]


class StackedDense(nn.Module):
    """`members` networks with weights of their own: `(batch, inputs)` or `(members, batch, inputs)` to
    `(members, batch, outputs)`.

    Args:
        members: how many.
        sizes: inputs, hidden layers, outputs; a hidden layer is its width, or a pair of what goes into its activation
            and what comes out.
        generator: source of the weights, normal with variance gain / inputs; biases begin at zero.
        activation: behind each hidden layer.
        gain: 2 keeps variances behind ReLU.
    """

    def __init__(
        self,
        members: int,
        sizes: Sequence[int | tuple[int, int]],
        generator: torch.Generator,
        activation: Callable[[Tensor], Tensor] = torch.relu,
        gain: float = 2.0,
    ) -> None:
        super().__init__()
        self.members, self.activation = members, activation
        both = [size if isinstance(size, tuple) else (size, size) for size in sizes]
        pairs = [(before[1], after[0]) for before, after in pairwise(both)]
        self.weights = nn.ParameterList(
            torch.randn(members, inputs, outputs, generator=generator) * (gain / inputs) ** 0.5
            for inputs, outputs in pairs
        )
        self.biases = nn.ParameterList(torch.zeros(members, 1, outputs) for _, outputs in pairs)

    def forward(self, x: Tensor) -> Tensor:
        h = x.expand(self.members, *x.shape[-2:])
        for k, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            h = torch.baddbmm(bias, self.activation(h) if k else h, weight)
        return h


def descend(network: nn.Module, loss: Callable[[int], Tensor], steps: int, rate: float) -> None:
    """Adam on `loss(step)`, a sum over the members, so that none sees the others; the rate falls as a cosine."""
    optimizer = torch.optim.Adam(network.parameters(), lr=rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for step in range(steps):
        optimizer.zero_grad()
        loss(step).backward()
        optimizer.step()
        schedule.step()
