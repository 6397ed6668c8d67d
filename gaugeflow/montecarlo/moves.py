"""Proposals of particle moves: each gives new coordinates and the logarithm of the ratio of proposal densities.

A move is a class of one method. With x of shape ``(batch, n, d)``, every walker on its own,

    ``propose(x, width, log_density, generator) -> (y, log q(x|y) - log q(y|x))``

and Metropolis accepts y with probability ``min(1, p(y) q(x|y) / (p(x) q(y|x)))``.
"""

from collections.abc import Callable
from typing import Protocol

import torch
from torch import Tensor

__all__ = ["MOVES", "AllElectron", "Langevin", "LogDensity", "Move", "OneElectron"]

LogDensity = Callable[[Tensor], Tensor]
"""Coordinates ``(batch, n, d)`` -> log p up to a constant, ``(batch,)``."""


class Move(Protocol):
    """A proposal; to add one, write `propose` and enter it in `MOVES`."""

    def propose(
        self, x: Tensor, width: float, log_density: LogDensity, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """New coordinates like x, and ``log q(x|y) - log q(y|x)`` of shape ``(batch,)``."""
        ...


class AllElectron:
    """Every coordinate takes a normal step of the given width."""

    def propose(
        self, x: Tensor, width: float, log_density: LogDensity, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        return x + width * _normal(x, generator), x.new_zeros(len(x))


class OneElectron:
    """One particle, drawn anew for each walker, takes a normal step; the others stay.

    The density is calculated anew as a whole, as orbitals that depend on all particles require: moving each of n
    particles once costs as much as n moves of all. It pays where the acceptance of `AllElectron` would ask for widths
    many times smaller, with particles at very different distances from their nuclei.
    """

    def propose(
        self, x: Tensor, width: float, log_density: LogDensity, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        chosen = torch.randint(x.shape[1], (len(x), 1), generator=generator, device=x.device)
        moves = torch.arange(x.shape[1], device=x.device) == chosen
        return x + width * _normal(x, generator) * moves.unsqueeze(-1), x.new_zeros(len(x))


class Langevin:
    """A step along the drift and a normal one, ``y = x + (w^2/2) v(x) + w xi``, corrected by Metropolis (MALA).

    The drift v is ``grad log p``, shortened where ``w |v_i| > 1`` for a particle, as at a node or a nucleus.
    """

    def propose(
        self, x: Tensor, width: float, log_density: LogDensity, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        forward = _drift(x, width, log_density)
        step = width * _normal(x, generator)
        y = x + forward + step
        back = x - y - _drift(y, width, log_density)
        return y, (step.square() - back.square()).sum((1, 2)) / (2 * width**2)


def _drift(x: Tensor, width: float, log_density: LogDensity) -> Tensor:
    with torch.enable_grad():
        place = x.detach().requires_grad_()
        (v,) = torch.autograd.grad(log_density(place).sum(), place)
    length = width * v.norm(dim=-1, keepdim=True)
    return 0.5 * width**2 * v / length.clamp(min=1)


def _normal(x: Tensor, generator: torch.Generator) -> Tensor:
    return torch.randn(x.shape, generator=generator, dtype=x.dtype, device=x.device)


MOVES: dict[str, type[Move]] = {"all": AllElectron, "one": OneElectron, "langevin": Langevin}
