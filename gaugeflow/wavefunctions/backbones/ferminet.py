"""The streams of FermiNet, arXiv:1909.02487."""

from typing import Any

import torch
from torch import Tensor, nn

from gaugeflow.wavefunctions.backbones.backbone import Backbone, SpinMeans
from gaugeflow.wavefunctions.backbones.dense import Dense
from gaugeflow.wavefunctions.backbones.features import Features

__all__ = ["FermiNet"]


class FermiNet(Backbone):
    """A stream for particles and one for pairs, mixed by means over each spin.

    ``h_i <- h_i + tanh(V [h_i, mean_s h_j, mean_s h_ij])`` and ``h_ij <- h_ij + tanh(W h_ij)``, eqs. (4, 5), with the
    residual where the widths agree; the last layer has no need of a pair stream behind it.

    Args:
        layers: pairs of widths, of the particles' and of the pairs' stream.
    """

    def __init__(self, features: Features, layers: list[tuple[int, int]], generator: torch.Generator) -> None:
        super().__init__(features)
        self.means = SpinMeans(features.particles)
        kinds = self.means.kinds
        one, pair = features.one_width, features.pair_width
        self.own, self.mean, self.paired, self.pairs = (nn.ModuleList() for _ in range(4))
        for index, (one_out, pair_out) in enumerate(layers):
            self.own.append(Dense(one, one_out, generator))
            self.mean.append(Dense(kinds * one, one_out, generator, offset=None))
            self.paired.append(Dense(kinds * pair, one_out, generator, offset=None))
            if index < len(layers) - 1:
                self.pairs.append(Dense(pair, pair_out, generator))
            one, pair = one_out, pair_out
        self.width = one

    def forward(self, x: Any) -> Tensor:
        h, g = self.features(x)
        for index, (own, mean, paired) in enumerate(zip(self.own, self.mean, self.paired, strict=True)):
            new = torch.tanh(own(h) + mean(self.means.of_one(h)) + paired(self.means.of_pairs(g)))
            h = _residual(h, new)
            if index < len(self.pairs):
                g = _residual(g, torch.tanh(self.pairs[index](g)))
        return h


def _residual(old: Any, new: Any) -> Any:
    return old + new if old.shape == new.shape else new
