"""What a network sees of the particles: smooth functions of positions; cusps are left to factors."""

from typing import Any

import torch
from torch import Tensor, nn

from gaugeflow.errors import UserError
from gaugeflow.wavefunctions.backbones.own_and_pairs import of_own
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
        self._of = _in_open_space if hamiltonian.period is None else _around
        like = self.particles.spins[:, None] * self.particles.spins[self.particles.others]
        self.register_buffer("like", like.unsqueeze(-1), persistent=False)
        self.register_buffer("centres", hamiltonian.centres, persistent=False)
        self.register_buffer("lengths", hamiltonian.lengths, persistent=False)
        self.register_buffer("spins", self.particles.spins, persistent=False)
        d = self.particles.dimension
        self.one_width, self.pair_width = len(hamiltonian.centres) * (d + 1) + 1, d + 1

    def forward(self, x: Any) -> tuple[Tensor, Tensor]:
        return self.one(x), self.pair(x.unsqueeze(2) - x[:, self.particles.others])

    def one(self, x: Any) -> Tensor:
        """Of each particle, ``(batch, n, one_width)``."""
        return of_own(lambda x: torch.cat((self._of(self._from_centres(x)).flatten(2), self._spins(x)), -1), x)

    def pair(self, t: Any) -> Tensor:
        """Of displacements between particles, ``(..., d)`` to ``(..., pair_width)``."""
        return self._of(t / self.pair_length)

    def of_centres(self, x: Any) -> tuple[Any, Any]:
        """The same numbers of each particle apart, in open space, by how they turn: distances from the centres with the
        spin ``(batch, n, I + 1)``, and vectors ``(batch, n, I, d)``."""
        vectors, distances = _smooth(self._from_centres(x))
        return torch.cat((distances.squeeze(-1), self._spins(x)), -1), vectors

    def of_displacements(self, t: Any) -> tuple[Any, Any]:
        """Vectors ``(..., d)`` and distances ``(..., 1)`` of displacements between particles ``(..., d)``."""
        return _smooth(t / self.pair_length)

    def _from_centres(self, x: Any) -> Any:
        return (x.unsqueeze(2) - self.centres.to(x.dtype)) / self.lengths.to(x.dtype)[:, None]

    def _spins(self, x: Any) -> Tensor:
        return self.spins.to(x.dtype).expand(*x.shape[:2]).unsqueeze(-1)

    def in_open_space(self, name: str) -> None:
        """Raises UserError on a ring, where displacements are no vectors."""
        if self._of is _around:
            raise UserError(f"{name}: expected particles in open space, came a ring")


def _smooth(t: Any) -> tuple[Any, Any]:
    q = (1 + squared_length(t)).sqrt()
    return t / q.sqrt(), q.log()


def _in_open_space(t: Any) -> Tensor:
    return torch.cat(_smooth(t), -1)


def _around(t: Any) -> Tensor:
    return torch.cat((t.sin(), t.cos()), -1)
