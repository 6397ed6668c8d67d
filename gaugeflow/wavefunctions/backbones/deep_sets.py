"""Deep Sets, arXiv:1703.06114: the simplest equivariant network, and the symmetric factor made of a backbone."""

from typing import Any

import torch
from torch import Tensor, nn

from gaugeflow.wavefunctions.backbones.backbone import Backbone, SpinMeans
from gaugeflow.wavefunctions.backbones.dense import Dense
from gaugeflow.wavefunctions.backbones.features import Features
from gaugeflow.wavefunctions.wavefunction import Factor

__all__ = ["DeepSets", "SymmetricNetwork"]


class DeepSets(Backbone):
    """``h_i <- tanh(A h_i + sum_s B_s mean_{j of spin s} h_j)``; pairs meet through the means only."""

    def __init__(self, features: Features, width: int, layers: int, generator: torch.Generator) -> None:
        super().__init__(features)
        self.means = SpinMeans(features.particles)
        widths = [features.one_width] + [width] * layers
        self.own = nn.ModuleList(Dense(a, width, generator) for a in widths[:-1])
        self.mean = nn.ModuleList(Dense(self.means.kinds * a, width, generator, offset=None) for a in widths[:-1])
        self.width = widths[-1]

    def forward(self, x: Any) -> Tensor:
        h = self.features.one(x)
        for own, mean in zip(self.own, self.mean, strict=True):
            h = torch.tanh(own(h) + mean(self.means.of_one(h)))
        return h


class SymmetricNetwork(Factor):
    """``J = mean_i w . h_i`` of any backbone, zero at the start: correlations beyond the cusp."""

    def __init__(self, backbone: Backbone, generator: torch.Generator) -> None:
        super().__init__(backbone.particles)
        self.backbone = backbone
        self.readout = Dense(backbone.width, 1, generator, offset=None)
        nn.init.zeros_(self.readout.weight)

    def forward(self, x: Any) -> Tensor:
        return self.readout(self.backbone(x)).squeeze(-1).mean(1)
