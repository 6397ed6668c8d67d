"""Graph networks whose coordinates move with their features, EGNN, arXiv:2102.09844."""

from typing import Any

import torch
from torch import Tensor, nn

from gaugeflow.wavefunctions.backbones.backbone import Backbone
from gaugeflow.wavefunctions.backbones.dense import Dense
from gaugeflow.wavefunctions.backbones.features import Features

__all__ = ["EGNN"]

SMALL = 0.1
"""The size of the shifts at the start."""


class EGNN(Backbone):
    """Scalars h and places x of each particle, with messages ``m_ij = tanh(A h_i + B h_j + C r_ij)`` and

        x_i <- x_i + mean_j u_ij (w . m_ij) + sum_I u_iI (w_I . h_i),    eq. (4),
        h_i <- h_i + tanh(D [h_i, mean_j m_ij, r_iI]),                   eq. (6),

    with the distances r and directions u of the moved places; nuclei are nodes that do not move. Equivariant under
    motions of particles and centres together, as `Tensors`, whose vectors have more channels than this one.

    Raises:
        UserError: particles on a ring, where displacements are no vectors.
    """

    def __init__(self, features: Features, width: int, layers: int, generator: torch.Generator) -> None:
        super().__init__(features)
        features.in_open_space("egnn")
        self.width = width
        self.embed = Dense(len(features.centres) + 1, width, generator)
        self.layers = nn.ModuleList(_Layer(features, width, generator) for _ in range(layers))

    def forward(self, x: Any) -> Tensor:
        h = torch.tanh(self.embed(self.features.of_centres(x)[0]))
        for layer in self.layers:
            x, h = layer(x, h)
        return h


class _Layer(nn.Module):
    """One round of messages; see `EGNN`."""

    def __init__(self, features: Features, width: int, generator: torch.Generator) -> None:
        super().__init__()
        self.features, self.others = features, features.particles.others
        count = len(features.centres)
        self.receiver = Dense(width, width, generator)
        self.sender = Dense(width, width, generator, offset=None)
        self.pair = Dense(2, width, generator, offset=None)
        self.shift = Dense(width, 1, generator, scale=SMALL, offset=None)
        self.towards = Dense(width, count, generator, scale=SMALL, offset=None)
        self.own = Dense(2 * width + count + 1, width, generator)

    def forward(self, x: Any, h: Any) -> tuple[Tensor, Tensor]:
        """Places ``(batch, n, d)`` and scalars ``(batch, n, width)``."""
        invariants, around = self.features.of_centres(x)
        u, distances = self.features.of_displacements(x.unsqueeze(2) - x[:, self.others])
        like = self.features.like.to(x.dtype).expand(distances.shape)
        of_pairs = self.pair(torch.cat((distances, like), -1))
        share = 1 / max(1, u.shape[-2])
        inner = self.receiver(h).unsqueeze(2) + self.sender(h)[:, self.others] + of_pairs
        messages = torch.tanh(inner)  # (batch, n, n - 1, width)
        moved = self.shift(messages).mT @ u * share + self.towards(h).unsqueeze(-2) @ around
        new = self.own(torch.cat((h, messages.sum(2) * share, invariants), -1))
        return x + moved.squeeze(-2) * self.features.pair_length, h + torch.tanh(new)
