"""The streams of FermiNet, arXiv:1909.02487."""

from typing import Any

import torch
from torch import Tensor, nn

from gaugeflow.wavefunctions.backbones.backbone import Backbone, SpinMeans
from gaugeflow.wavefunctions.backbones.dense import Dense
from gaugeflow.wavefunctions.backbones.features import Features
from gaugeflow.wavefunctions.backbones.own_and_pairs import Pairs, of_others

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
        self.means, self.others = SpinMeans(features.particles), Pairs(features.particles, by_spin=True)
        kinds = self.means.kinds
        self.pair_widths: list[int] = []
        one, pair = features.one_width, features.pair_width
        self.own, self.mean, self.paired, self.pairs = (nn.ModuleList() for _ in range(4))
        for index, (one_out, pair_out) in enumerate(layers):
            self.pair_widths.append(pair)
            self.own.append(Dense(one, one_out, generator))
            self.mean.append(Dense(kinds * one, one_out, generator, offset=None))
            self.paired.append(Dense(kinds * pair, one_out, generator, offset=None))
            if index < len(layers) - 1:
                self.pairs.append(Dense(pair, pair_out, generator))
            one, pair = one_out, pair_out
        self.width = one

    def forward(self, x: Any) -> Tensor:
        h = self.features.one(x)
        seen = of_others(self._streams, x, self.others).split(self.pair_widths, -1)
        for own, mean, paired, of_pairs in zip(self.own, self.mean, self.paired, seen, strict=True):
            new = torch.tanh(own(h) + mean(self.means.of_one(h)) + paired(of_pairs.flatten(2)))
            h = _residual(h, new)
        return h

    def _streams(self, t: Any) -> Any:
        """Of pairs what each layer takes of them, one behind the other."""
        found = [self.features.pair(self.others.seen(t, -t))]
        for layer in self.pairs:
            found.append(_residual(found[-1], torch.tanh(layer(found[-1]))))
        return torch.cat(found, -1)


def _residual(old: Any, new: Any) -> Any:
    return old + new if old.shape == new.shape else new
