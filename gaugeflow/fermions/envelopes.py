"""Envelopes: how orbitals fall off at large distances."""

from typing import Any

import torch
from torch import Tensor, nn

from gaugeflow.fermions.hamiltonian import Hamiltonian

__all__ = ["Envelope", "SlaterEnvelope"]


class Envelope(nn.Module):
    """``envelope(x)``: coordinates of one spin ``(batch, n, d)`` to factors ``(batch, n, terms, size)``."""

    def forward(self, x: Any) -> Tensor:
        raise NotImplementedError(f"{type(self).__name__} must say how its orbitals fall off")


class SlaterEnvelope(Envelope):
    """``sum_I pi_I exp(-s_I (sqrt(a_I^2 + |r - R_I|^2) - a_I))``: exponential far out, smooth at the centres.

    pi and s are learned for each centre, term and orbital. The softening length is the centre's own; the cusp is left
    to the factor that has the exact one.

    Args:
        hamiltonian: its centres and lengths.
        decay: s at the start, per bohr.
    """

    centres: Tensor
    lengths: Tensor

    def __init__(self, hamiltonian: Hamiltonian, terms: int, size: int, decay: float = 1.0) -> None:
        super().__init__()
        shape = (len(hamiltonian.centres), terms, size)
        self.register_buffer("centres", hamiltonian.centres, persistent=False)
        self.register_buffer("lengths", hamiltonian.lengths, persistent=False)
        self.weight = nn.Parameter(torch.ones(shape, dtype=torch.float64))
        self.decay = nn.Parameter(torch.full(shape, decay, dtype=torch.float64))

    def forward(self, x: Any) -> Tensor:
        squared = (x.unsqueeze(2) - self.centres.to(x.dtype)).square().sum(-1)
        softened = (squared + self.lengths.to(x.dtype).square()).sqrt() - self.lengths.to(x.dtype)
        fall = (softened.unsqueeze(-1).unsqueeze(-1) * -self.decay.abs()).exp()
        return (fall * self.weight).sum(2)
