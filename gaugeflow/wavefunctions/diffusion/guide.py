"""What a step of diffusion Monte Carlo needs of the trial wavefunction, from one pass through it."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from gaugeflow.wavefunctions.hamiltonian import Hamiltonian
from gaugeflow.wavefunctions.laplacian.jet import Jet
from gaugeflow.wavefunctions.laplacian.local_energy import keep_memory
from gaugeflow.wavefunctions.wavefunction import LogPsi

__all__ = ["Guide", "Guided", "trial_guide"]


class Guided(NamedTuple):
    """Walkers and the trial psi there, all in float64; leading axes are those of the walkers."""

    x: Tensor
    """Coordinates ``(..., n, d)``."""
    sign: Tensor
    """Of psi, ``(...)``."""
    log: Tensor
    """``log|psi|``, ``(...)``."""
    drift: Tensor
    """``grad log|psi|``, ``(..., n, d)``."""
    energy: Tensor
    """The local energy in Hartree, ``(...)``."""

    def where(self, chosen: Tensor, other: "Guided") -> "Guided":
        """These where `chosen` ``(...)``, elsewhere the other ones."""
        return Guided(*(torch.where(_wide(chosen, a), a, b) for a, b in zip(self, other, strict=True)))

    def take(self, index: Tensor) -> "Guided":
        """Of populations ``(K, W, ...)`` the walkers with these indices ``(K, W)``."""
        return Guided(*(torch.take_along_dim(part, _wide(index, part), 1) for part in self))


Guide = Callable[[Tensor], Guided]
"""Coordinates ``(batch, n, d)`` -> the walkers there."""


def trial_guide(psi: Callable[[Any], LogPsi], hamiltonian: Hamiltonian, chunk_size: int | None = None) -> Guide:
    """The guide of a trial wavefunction made of plain operations of torch.

    A network runs in the precision of its parameters; what comes out is float64.

    Args:
        psi: `psi(x) -> LogPsi` of coordinates ``(batch, n, d)``.
        chunk_size: walkers at a time; all by default.
    """
    return partial(_guided, psi, hamiltonian, chunk_size)


@torch.no_grad()
def _guided(psi: Callable[[Any], LogPsi], hamiltonian: Hamiltonian, chunk_size: int | None, x: Tensor) -> Guided:
    hamiltonian.particles.check(x)
    keep_memory()
    parts = [_evaluated(psi, hamiltonian, part) for part in x.split(chunk_size or max(len(x), 1))]
    return Guided(x, *(torch.cat(found) for found in zip(*parts, strict=True)))


def _evaluated(psi: Callable[[Any], LogPsi], hamiltonian: Hamiltonian, x: Tensor) -> tuple[Tensor, ...]:
    """Sign, logarithm, drift and local energy ``-(1/2) (Lap log|psi| + |grad log|psi||^2) + V``."""
    x = x.to(_precision(psi, x.dtype))
    found: Any = psi(Jet.variables(x))
    drift = found.log.gradient.movedim(0, -1).reshape(x.shape).double()
    kinetic = -0.5 * (found.log.laplacian.double() + drift.square().sum((1, 2)))
    return found.sign.double(), found.log.value.double(), drift, kinetic + hamiltonian.potential(x.double())


def _precision(psi: Callable[[Any], LogPsi], default: torch.dtype) -> torch.dtype:
    parameters = psi.parameters() if isinstance(psi, nn.Module) else iter(())
    return next((parameter.dtype for parameter in parameters), default)


def _wide(index: Tensor, like: Tensor) -> Tensor:
    """With as many axes as `like`."""
    return index.reshape(*index.shape, *(1,) * (like.ndim - index.ndim))
