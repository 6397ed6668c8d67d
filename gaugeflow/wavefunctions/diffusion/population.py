"""Populations of fixed size: weighted walkers become as many without weights.

Stochastic reconfiguration: M. Calandra Buonaura and S. Sorella, Phys. Rev. B 57 (1998) 11446. A population that grows
and shrinks needs an energy that is steered to hold it, and arrays of a changing length. One of fixed size is one batch
for the network, one tensor in a checkpoint, and equal shares for several processes; its bias is known, of order 1/W,
and taken away by the weights of `mixed_estimator`.
"""

import torch
from torch import Tensor

__all__ = ["effective_share", "reconfigured"]


def reconfigured(weights: Tensor, offset: Tensor) -> Tensor:
    """Which walkers go on, ``(K, W)``: the walker i ``W w_i / sum w`` times, up or down to a whole number.

    A comb of W equidistant teeth over the sums of the weights; where its offset is uniform in [0, 1), the mean number
    of copies is exact.

    Args:
        weights: not negative, ``(K, W)``.
        offset: ``(K,)``.
    """
    sums, count = weights.cumsum(1), weights.shape[1]
    teeth = (torch.arange(count, dtype=weights.dtype, device=weights.device) + offset[:, None]) / count
    return torch.searchsorted(sums, teeth * sums[:, -1:], right=True).clamp(max=count - 1)


def effective_share(weights: Tensor) -> Tensor:
    """``(sum w)^2 / (W sum w^2)`` of each population, ``(K,)``: 1 where all walkers count alike, 1/W where one does."""
    return weights.sum(1).square() / weights.square().sum(1) / weights.shape[1]
