"""The backflow of R. P. Feynman and M. Cohen, Phys. Rev. 102 (1956) 1189: orbitals at the places of quasi-particles."""

from typing import Any

import torch
from torch import Tensor, nn

from gaugeflow.errors import UserError
from gaugeflow.wavefunctions.ansatz.orbitals import Orbitals
from gaugeflow.wavefunctions.hamiltonian import Hamiltonian
from gaugeflow.wavefunctions.lengths import chord, squared_length

__all__ = ["Backflow", "QuasiParticles"]


class QuasiParticles(nn.Module):
    """``r_i + sum_{j != i} eta(r_ij) (r_j - r_i)``, of ``(batch, n, d)``, zero shifts at the start.

    ``eta(r) = sum_k w_k (1 + (r/l_k)^2)^(-3/2)`` with w and l learned for pairs of unlike and of like spins: smooth
    where particles meet, so that cusps stay those of the factors, and of no effect on particles far away. On a ring r
    is the chord.

    Args:
        hamiltonian: its particles, and the unit of l, which starts at 1, 2, 4, ... of the longest of its lengths.
        terms: k runs over so many.

    Raises:
        UserError: a particle alone.
    """

    kind: Tensor

    def __init__(self, hamiltonian: Hamiltonian, terms: int) -> None:
        super().__init__()
        self.particles, self.period = hamiltonian.particles, hamiltonian.period
        if self.particles.n < 2:
            raise UserError(f"backflow: expected two particles or more, came {self.particles}")
        spins = self.particles.spins
        like = spins[:, None] == spins[self.particles.others]
        self.register_buffer("kind", like.long(), persistent=False)
        unit = hamiltonian.lengths.max().double() * 2.0 ** torch.arange(terms, dtype=torch.float64)
        self.log_range = nn.Parameter(unit.log().repeat(2, 1))
        self.weight = nn.Parameter(torch.zeros(2, terms, dtype=torch.float64))

    def forward(self, x: Any) -> Tensor:
        apart = x[:, self.particles.others] - x.unsqueeze(2)  # (batch, n, n - 1, d)
        distance = chord(apart, self.period)
        if self.period is not None:
            apart = chord(apart, self.period / 2)  # of the same sign once around
        reach, weight = self.log_range.exp()[self.kind], self.weight[self.kind]  # (n, n - 1, terms)
        near = (squared_length(distance) / reach.square() + 1) ** -1.5
        return x + ((near * weight).sum(-1).unsqueeze(-1) * apart).sum(2)


class Backflow(Orbitals):
    """Any orbitals, taken at the places of quasi-particles: each of them then depends on all particles.

    Args:
        orbitals: of the particles of `hamiltonian`.
        terms: of the functions eta, see `QuasiParticles`.

    Raises:
        UserError: orbitals made for other particles, or a particle alone.
    """

    def __init__(self, orbitals: Orbitals, hamiltonian: Hamiltonian, terms: int) -> None:
        super().__init__(orbitals.particles, orbitals.terms, orbitals.sizes)
        self.particles.same_as(hamiltonian.particles, "backflow")
        self.orbitals, self.flow = orbitals, QuasiParticles(hamiltonian, terms)

    def forward(self, x: Any) -> tuple[Tensor, Tensor]:
        up, down = self.orbitals(self.flow(x))
        return up, down
