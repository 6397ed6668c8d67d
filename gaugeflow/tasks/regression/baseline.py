"""The network beside the gauge-equivariant one: plain convolutions, trained on the same fields and targets."""

import torch

from gaugeflow.nn import GaugeTheory, LinkCNN
from gaugeflow.runs import Count
from gaugeflow.tasks.regression.descent import DescentConfig

__all__ = ["BaselineConfig"]


class BaselineConfig(DescentConfig):
    """A plain convolutional network, as narrow as the number of parameters of the other network allows."""

    depth: Count = 2
    """Convolutions."""
    plaquettes: bool = False
    """Whether it sees the plaquettes beside the links, as the baselines of the literature do."""

    def build(self, theory: GaugeTheory, parameters: int, generator: torch.Generator) -> LinkCNN:
        """A network with at least so many parameters."""
        return LinkCNN.of_size(theory, parameters, self.depth, plaquettes=self.plaquettes, generator=generator)
