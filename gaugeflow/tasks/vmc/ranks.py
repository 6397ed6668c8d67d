"""The walkers of a calculation shared by several processes: all hold all of them, each calculates for its own.

Coordinates are few, and every process draws the same random numbers for all of them; what costs time, psi and its
derivatives, is calculated for a share and gathered. So the work of several processes is that of one, to rounding.
"""

from typing import Any

import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.runs import ranks
from gaugeflow.wavefunctions import Hamiltonian, Wavefunction, local_energy
from gaugeflow.wavefunctions.occupation.hamiltonians import SiteHamiltonian
from gaugeflow.wavefunctions.occupation.site_energy import local_value

__all__ = ["require_equal_shares", "shared_local_energy", "shared_log_density"]


def require_equal_shares(walkers: int) -> None:
    """Raises UserError if the processes cannot have as many walkers each."""
    if walkers % ranks().size:
        raise UserError(f"walkers: expected a count that {ranks().size} processes share equally, came {walkers}")


def shared_log_density(psi: Wavefunction, x: Tensor) -> Tensor:
    """``log psi^2`` of all walkers ``(batch,)``, differentiable with respect to their coordinates."""
    if ranks().size == 1:
        return 2 * psi(x).log
    log: Tensor = _Gather.apply(2 * psi(_Share.apply(x)).log)
    return log


def shared_local_energy(
    psi: Wavefunction,
    hamiltonian: Hamiltonian | SiteHamiltonian,
    x: Tensor,
    method: str = "forward",
    chunk_size: int | None = None,
) -> Tensor:
    """:func:`gaugeflow.wavefunctions.laplacian.local_energy` of all walkers, with its options; on sites there is no
    Laplacian, and `method` has no meaning."""
    together = ranks()
    share = together.part(x)
    if isinstance(hamiltonian, SiteHamiltonian):
        return together.gather(local_value(psi, hamiltonian.operators, hamiltonian.particles, share, chunk_size))
    return together.gather(local_energy(psi, hamiltonian, share, method=method, chunk_size=chunk_size))


class _Share(torch.autograd.Function):
    """This process's part of what all have; gradients come back for the whole."""

    @staticmethod
    def forward(ctx: Any, whole: Tensor) -> Tensor:
        return ranks().part(whole).clone()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        return ranks().gather(gradients[0])


class _Gather(torch.autograd.Function):
    """The parts of all processes; gradients go to each its own."""

    @staticmethod
    def forward(ctx: Any, part: Tensor) -> Tensor:
        return ranks().gather(part)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        return ranks().part(gradients[0])
