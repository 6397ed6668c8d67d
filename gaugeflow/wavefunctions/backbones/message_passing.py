"""Message passing between particles, in the manner of SchNet as PauliNet has it (arXiv:1909.08423)."""

from typing import Any

import torch
from torch import Tensor, nn

from gaugeflow.wavefunctions.backbones.backbone import Backbone
from gaugeflow.wavefunctions.backbones.dense import Dense
from gaugeflow.wavefunctions.backbones.features import Features

__all__ = ["MessagePassing"]


class Filter(nn.Module):
    """Weights of messages ``(batch, n, n - 1, width)`` from the pair's features and whether the spins are equal."""

    like: Tensor

    def __init__(self, features: Features, width: int, generator: torch.Generator) -> None:
        super().__init__()
        self.inner = Dense(features.pair_width + 1, width, generator)
        self.outer = Dense(width, width, generator)
        self.register_buffer("like", features.like, persistent=False)

    def forward(self, pair: Any) -> Tensor:
        like = self.like.to(pair.dtype).expand(*pair.shape[:3], 1)
        return self.outer(torch.tanh(self.inner(torch.cat((pair, like), -1))))


class MessagePassing(Backbone):
    """``h_i <- h_i + tanh(A h_i + mean_{j != i} w(r_ij) (B h_j))`` with filters w of the pair's features.

    The simplest such map is the backflow of Feynman and Cohen, ``r_i + sum_j eta(r_ij) (r_i - r_j)``.
    """

    def __init__(self, features: Features, width: int, layers: int, generator: torch.Generator) -> None:
        super().__init__(features)
        self.width = width
        self.embed = Dense(features.one_width, width, generator)
        self.own = nn.ModuleList(Dense(width, width, generator) for _ in range(layers))
        self.sent = nn.ModuleList(Dense(width, width, generator, offset=None) for _ in range(layers))
        self.filters = nn.ModuleList(Filter(features, width, generator) for _ in range(layers))

    def forward(self, x: Any) -> Tensor:
        one, pair = self.features(x)
        h = torch.tanh(self.embed(one))
        for own, sent, weights in zip(self.own, self.sent, self.filters, strict=True):
            new = own(h)
            if self.particles.n > 1:
                new = new + (weights(pair) * sent(h)[:, self.particles.others]).mean(2)
            h = h + torch.tanh(new)
        return h
