"""A three-body factor of descriptors about the centres, as Deep Potential and vector-cloud networks have them."""

from typing import Any

import torch
from torch import Tensor, nn

from gaugeflow.errors import UserError
from gaugeflow.wavefunctions.backbones.dense import Dense
from gaugeflow.wavefunctions.hamiltonian import Hamiltonian
from gaugeflow.wavefunctions.lengths import squared_length
from gaugeflow.wavefunctions.wavefunction import Factor

__all__ = ["VectorCloud"]


class VectorCloud(Factor):
    """``J = w . tanh(W D + b)`` of the descriptors ``D_I = L_I L_I^T`` about each centre I, zero at the start.

    ``L_Ik = mean_i phi_k(r_iI, s_i) (1, t_iI)`` sums over particles of spin s_i at the displacements t_iI: of them the
    products keep distances and angles, ``D_Ikl = mean_ij phi_k(i) phi_l(j) (1 + t_i . t_j)``, for any number of
    particles (arXiv:1805.09003, eq. (4); arXiv:2103.06685). J is the same for all orders of equal spins, and if
    particles and centres are turned, mirrored or moved together.

    Displacements are taken as `Features` takes them, ``t / sqrt(q)`` with ``q = sqrt(1 + t^2)``: smooth, slow to grow.

    Args:
        channels: k runs over so many.
        width: of the hidden layers.

    Raises:
        UserError: particles on a ring, where displacements are no vectors.
    """

    centres: Tensor
    lengths: Tensor
    known: Tensor

    def __init__(self, hamiltonian: Hamiltonian, channels: int, width: int, generator: torch.Generator) -> None:
        super().__init__(hamiltonian.particles)
        if hamiltonian.period is not None:
            raise UserError("vector cloud: expected particles in open space, came a ring")
        count = len(hamiltonian.centres)
        self.register_buffer("centres", hamiltonian.centres, persistent=False)
        self.register_buffer("lengths", hamiltonian.lengths, persistent=False)
        spins = self.particles.spins[:, None, None].expand(-1, count, 1)
        names = torch.eye(count, dtype=torch.float64).expand(len(spins), -1, -1)
        self.register_buffer("known", torch.cat((spins, names), -1), persistent=False)  # (n, I, 1 + I)
        self.inner = Dense(2 + count, width, generator)
        self.outer = Dense(width, channels, generator)
        self.hidden = Dense(count * channels**2, width, generator)
        self.readout = Dense(width, 1, generator, offset=None)
        nn.init.zeros_(self.readout.weight)

    def forward(self, x: Any) -> Tensor:
        return self.readout(torch.tanh(self.hidden(self.descriptors(x).flatten(1)))).squeeze(-1)

    def descriptors(self, x: Any) -> Tensor:
        """D, ``(batch, I, channels, channels)``."""
        t = (x.unsqueeze(2) - self.centres.to(x.dtype)) / self.lengths.to(x.dtype)[:, None]  # (batch, n, I, d)
        q = (1 + squared_length(t)).sqrt()
        known = self.known.to(x.dtype).expand(x.shape[0], *self.known.shape)
        phi = self.outer(torch.tanh(self.inner(torch.cat((q.log(), known), -1))))
        cloud = torch.cat((torch.ones_like(known[..., :1]), t / q.sqrt()), -1)
        moments = phi.transpose(1, 2).mT @ cloud.transpose(1, 2) / self.particles.n  # (batch, I, channels, 1 + d)
        return moments @ moments.mT
