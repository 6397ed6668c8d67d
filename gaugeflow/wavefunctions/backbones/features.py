"""What a network sees of the particles: smooth functions of positions; cusps are left to factors."""

from typing import Any

import torch
from torch import Tensor, nn

from gaugeflow.errors import UserError
from gaugeflow.wavefunctions.hamiltonian import Hamiltonian
from gaugeflow.wavefunctions.lengths import squared_length

__all__ = ["Features"]


class Features(nn.Module):
    """Features of each particle and of each ordered pair of different particles.

    A displacement t, in units of the length of its centre, gives the d + 1 numbers ``t / sqrt(q)`` and ``log q`` with
    ``q = sqrt(1 + t^2)``: smooth everywhere, also at t = 0 where ``|t|`` is not, and of slow growth. A network of them
    has no cusp, and a wavefunction with the cusps of its factors has the exact ones. On a ring they are ``sin t`` and
    ``cos t``, t an angle.

    ``features(x)`` returns ``one`` ``(batch, n, one_width)``, with the spin +-1 as the last number, and ``pair``
    ``(batch, n, n - 1, pair_width)``, the pair (i, j) in the order of `Particles.others`.

    Args:
        hamiltonian: its particles, and its centres with their lengths.
        pair_length: the unit of distances between particles; by default the largest of the centres' lengths.
    """

    centres: Tensor
    lengths: Tensor
    spins: Tensor
    like: Tensor

    def __init__(self, hamiltonian: Hamiltonian, pair_length: float | None = None) -> None:
        super().__init__()
        self.particles = hamiltonian.particles
        self.pair_length = float(hamiltonian.lengths.max()) if pair_length is None else pair_length
        self._of = _smooth if hamiltonian.period is None else _around
        like = self.particles.spins[:, None] * self.particles.spins[self.particles.others]
        self.register_buffer("like", like.unsqueeze(-1), persistent=False)
        self.register_buffer("centres", hamiltonian.centres, persistent=False)
        self.register_buffer("lengths", hamiltonian.lengths, persistent=False)
        self.register_buffer("spins", self.particles.spins, persistent=False)
        d = self.particles.dimension
        self.one_width, self.pair_width = len(hamiltonian.centres) * (d + 1) + 1, d + 1

    def forward(self, x: Any) -> tuple[Tensor, Tensor]:
        apart = (x.unsqueeze(2) - self.centres.to(x.dtype)) / self.lengths.to(x.dtype)[:, None]
        spins = self.spins.to(x.dtype).expand(*x.shape[:2]).unsqueeze(-1)
        one = torch.cat((self._of(apart).flatten(2), spins), -1)
        return one, self._of((x.unsqueeze(2) - x[:, self.particles.others]) / self.pair_length)

    def invariants_and_vectors(self, x: Any) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
        """The same numbers apart, in open space, by how they turn.

        Around the centres distances with the spin ``(batch, n, I + 1)`` and vectors ``(batch, n, I, d)``; of pairs
        distances with +-1 for equal spins or not ``(batch, n, n - 1, 2)`` and vectors ``(batch, n, n - 1, d)``.
        """
        one, pair = self(x)
        d = self.particles.dimension
        around = one[..., :-1].unflatten(-1, (len(self.centres), d + 1))
        like = self.like.to(pair.dtype).expand(pair.shape[0], *self.like.shape)
        invariants = torch.cat((around[..., d], one[..., -1:]), -1)
        return (invariants, around[..., :d]), (torch.cat((pair[..., d:], like), -1), pair[..., :d])

    def in_open_space(self, name: str) -> None:
        """Raises UserError on a ring, where displacements are no vectors."""
        if self._of is _around:
            raise UserError(f"{name}: expected particles in open space, came a ring")


def _smooth(t: Any) -> Tensor:
    q = (1 + squared_length(t)).sqrt()
    return torch.cat((t / q.sqrt(), q.log()), -1)


def _around(t: Any) -> Tensor:
    return torch.cat((t.sin(), t.cos()), -1)
