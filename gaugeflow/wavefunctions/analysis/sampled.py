"""A wavefunction on walkers, with what several identities need of it computed once."""

from collections.abc import Callable
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.wavefunctions.hamiltonian import Hamiltonian
from gaugeflow.wavefunctions.laplacian.curvature import curvature_along
from gaugeflow.wavefunctions.laplacian.local_energy import gradient_and_laplacian
from gaugeflow.wavefunctions.wavefunction import LogPsi, Wavefunction

__all__ = ["Sampled"]


class Sampled:
    """Values and derivatives of psi at ``(steps, walkers, n, d)`` configurations of the density psi^2.

    Args:
        psi: a wavefunction, or any function of coordinates ``(batch, n, d)`` that gives psi ``(batch,)`` or
            ``(sign, log|psi|)``.
        hamiltonian: whose state psi is to be.
        walkers: ``(walkers, n, d)``, or a series of such; taken in float64.
        chunk_size: configurations at a time.

    Raises:
        UserError: coordinates of other particles, or a function that gives something else.
    """

    def __init__(
        self, psi: Callable[[Any], Any], hamiltonian: Hamiltonian, walkers: Tensor, chunk_size: int | None = None
    ) -> None:
        series = walkers if walkers.ndim == 4 else walkers.unsqueeze(0)
        if series.ndim != 4:
            raise UserError(
                f"examine: expected walkers (walkers, n, d) or (steps, walkers, n, d), came {tuple(walkers.shape)}"
            )
        self.hamiltonian, self.particles = hamiltonian, hamiltonian.particles
        self.size = series.shape[:2]
        self.x = series.flatten(0, 1).detach().double()
        self.particles.check(self.x)
        self._psi, self._method = psi, "forward" if isinstance(psi, Wavefunction) else "autograd"
        self._chunk = chunk_size or max(len(self.x), 1)

    def psi(self, x: Any) -> LogPsi:
        """Sign and logarithm, whatever the function gives."""
        value = self._psi(x)
        if isinstance(value, Tensor):
            value = (value.sign(), value.abs().log())
        if not isinstance(value, tuple) or len(value) != 2:
            raise UserError(f"examine: expected psi or (sign, log|psi|) of coordinates, came {type(value).__name__}")
        return LogPsi(*value)

    def by_walker(self, flat: Tensor) -> Tensor:
        """``(steps, walkers)`` of one number for each configuration."""
        return flat.reshape(self.size)

    @torch.no_grad()
    def evaluated(self, x: Tensor) -> LogPsi:
        """psi at other configurations ``(batch, n, d)``, in chunks."""
        parts = [self.psi(part) for part in x.split(self._chunk)]
        return LogPsi(torch.cat([p.sign for p in parts]), torch.cat([p.log for p in parts]))

    @cached_property
    def here(self) -> LogPsi:
        """psi at the walkers, ``(steps * walkers,)``."""
        return self.evaluated(self.x)

    def ratio(self, x: Tensor) -> Tensor:
        """psi(x)/psi(walker) for one other configuration of each walker, ``(steps * walkers,)``."""
        there = self.evaluated(x)
        return there.sign * self.here.sign * (there.log - self.here.log).exp()

    @cached_property
    def _derivatives(self) -> tuple[Tensor, Tensor]:
        parts = [gradient_and_laplacian(self.psi, part, self._method) for part in self.x.split(self._chunk)]
        return torch.cat([g for g, _ in parts]), torch.cat([lap for _, lap in parts])

    @property
    def slope(self) -> Tensor:
        """|grad log|psi||^2, ``(steps * walkers,)``."""
        return self._derivatives[0].square().sum((1, 2))

    @property
    def laplacian(self) -> Tensor:
        """Lap log|psi|, ``(steps * walkers,)``."""
        return self._derivatives[1]

    @cached_property
    def bend(self) -> Tensor:
        """The second derivative of log|psi| along its own gradient v, ``v . Hessian . v``, ``(steps * walkers,)``."""
        parts = zip(self.x.split(self._chunk), self._derivatives[0].split(self._chunk), strict=True)
        return torch.cat([curvature_along(self.psi, x, v, self._method) for x, v in parts])

    @property
    def kinetic(self) -> Tensor:
        """-(1/2) Lap psi / psi, ``(steps * walkers,)``."""
        return -0.5 * (self.laplacian + self.slope)

    @cached_property
    def energy(self) -> Tensor:
        """The local energy, ``(steps * walkers,)``."""
        return self.kinetic + self.hamiltonian.potential(self.x)
