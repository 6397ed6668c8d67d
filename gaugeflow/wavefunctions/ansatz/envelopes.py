"""Envelopes: how orbitals fall off at large distances."""

from typing import Any

import torch
from torch import Tensor, nn

from gaugeflow.errors import UserError
from gaugeflow.wavefunctions.hamiltonian import Hamiltonian
from gaugeflow.wavefunctions.lengths import squared_length

__all__ = ["Envelope", "SlaterEnvelope", "slater_exponents"]


class Envelope(nn.Module):
    """``envelope(x)``: coordinates of one spin ``(batch, n, d)`` to factors ``(batch, n, terms, size)``."""

    def forward(self, x: Any) -> Tensor:
        raise NotImplementedError(f"{type(self).__name__} must say how its orbitals fall off")


class SlaterEnvelope(Envelope):
    """``sum_I pi_I exp(-s_I (sqrt(a_I^2 + |r - R_I|^2) - a_I))``: exponential far out, smooth at the nuclei.

    pi and s are learned for each nucleus, term and orbital; s starts at `slater_exponents`, filled in turn on all
    nuclei, times `share`: 1 unless a particle's fall-off is spread over several factors. The softening length is 1/Z;
    the cusp is left to the factor that has the exact one.

    Raises:
        UserError: a system without nuclei.
    """

    centres: Tensor
    lengths: Tensor

    def __init__(self, hamiltonian: Hamiltonian, terms: int, size: int, share: float = 1.0) -> None:
        super().__init__()
        if hamiltonian.charges is None:
            raise UserError("Slater envelope: expected nuclei, came a trap, whose orbitals fall off through a Gaussian")
        self.register_buffer("centres", hamiltonian.centres, persistent=False)
        self.register_buffer("lengths", hamiltonian.lengths, persistent=False)
        count = len(hamiltonian.charges)
        exponents = [slater_exponents(int(charge), size) for charge in hamiltonian.charges]
        start = torch.tensor([[own[m // count] for m in range(size)] for own in exponents], dtype=torch.float64)
        self.decay = nn.Parameter(share * start[:, None, :].repeat(1, terms, 1))
        self.weight = nn.Parameter(torch.ones_like(self.decay))

    def forward(self, x: Any) -> Tensor:
        squared = squared_length(x.unsqueeze(2) - self.centres.to(x.dtype)).squeeze(-1)
        softened = (squared + self.lengths.to(x.dtype).square()).sqrt() - self.lengths.to(x.dtype)
        fall = (softened.unsqueeze(-1).unsqueeze(-1) * -self.decay.abs()).exp()
        return (fall * self.weight).sum(2)


def slater_exponents(charge: int, count: int) -> list[float]:
    """The exponents of an atom's lowest orbitals by the rules of J. C. Slater, Phys. Rev. 36 (1930) 57, per bohr.

    ``zeta = (Z - screening)/n`` with 0.35 for every other electron of the shell (0.30 for n = 1), 0.85 for those of
    the shell below and 1 for those farther in; shells of 2, 8, 8 electrons, and hydrogen's own beyond.
    """
    exponents: list[float] = []
    inner, below, n = 0, 0, 1
    while len(exponents) < count:
        capacity = 2 if n == 1 else 8
        occupied = min(capacity, max(1, charge - inner - below))
        screening = (0.30 if n == 1 else 0.35) * (occupied - 1) + 0.85 * below + inner
        exponents += [max(charge - screening, 1.0) / n] * (capacity // 2)
        inner, below, n = inner + below, occupied, n + 1
    return exponents[:count]
