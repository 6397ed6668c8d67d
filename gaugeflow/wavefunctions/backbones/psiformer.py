"""The self-attention of Psiformer, arXiv:2211.13672."""

from typing import Any

import torch
from torch import Tensor, nn

from gaugeflow.errors import UserError
from gaugeflow.wavefunctions.backbones.backbone import Backbone
from gaugeflow.wavefunctions.backbones.dense import Dense
from gaugeflow.wavefunctions.backbones.features import Features

__all__ = ["Psiformer"]


class Attention(nn.Module):
    """``h <- h + O softmax(Q K^T / sqrt(c)) V`` over particles, then ``h <- h + tanh(W h + b)``."""

    def __init__(self, width: int, heads: int, generator: torch.Generator) -> None:
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value, self.out = (Dense(width, width, generator, offset=None) for _ in range(4))
        self.hidden = Dense(width, width, generator)

    def forward(self, h: Any) -> Tensor:
        query, key, value = (part(h).unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in self._projections())
        scores = (query @ key.mT) * (query.shape[-1] ** -0.5)  # (batch, heads, n, n)
        h = h + self.out((scores.softmax(-1) @ value).transpose(1, 2).flatten(2))
        return h + torch.tanh(self.hidden(h))

    def _projections(self) -> tuple[Dense, Dense, Dense]:
        return self.query, self.key, self.value


class Psiformer(Backbone):
    """Layers of attention among all particles; the spin is a feature, pairs meet through the products of Q and K only.

    Raises:
        UserError: a width that the heads do not divide.
    """

    def __init__(self, features: Features, width: int, heads: int, layers: int, generator: torch.Generator) -> None:
        super().__init__(features)
        if width % heads:
            raise UserError(f"psiformer: expected a width that {heads} heads divide, came {width}")
        self.width = width
        self.embed = Dense(features.one_width, width, generator, offset=None)
        self.layers = nn.ModuleList(Attention(width, heads, generator) for _ in range(layers))

    def forward(self, x: Any) -> Tensor:
        h = self.embed(self.features.one(x))
        for layer in self.layers:
            h = layer(h)
        return h
