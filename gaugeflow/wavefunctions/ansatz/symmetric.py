"""The wavefunction of bosons: a positive function, whose logarithm is pooled from equivariant features."""

from typing import Any, ClassVar

import torch

from gaugeflow.wavefunctions.backbones.deep_sets import SymmetricNetwork
from gaugeflow.wavefunctions.particles import Statistics
from gaugeflow.wavefunctions.wavefunction import Ansatz, LogPsi

__all__ = ["Symmetric"]


class Symmetric(Ansatz):
    """``psi = exp(mean_i w . h_i)``: the ground state of bosons has no nodes (Perron and Frobenius).

    Args:
        pooled: the exponent, of any backbone.

    Raises:
        UserError: fermions, of which this is no state.
    """

    statistics: ClassVar[Statistics] = "boson"

    def __init__(self, pooled: SymmetricNetwork) -> None:
        super().__init__(pooled.particles)
        self.pooled = pooled

    def log_psi(self, x: Any) -> LogPsi:
        log = self.pooled(x).double()
        return LogPsi(torch.ones_like(log.detach()), log)
