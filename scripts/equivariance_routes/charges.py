"""Charges of unit mass that attract and repel one another, integrated by velocity Verlet."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["SOFTENING", "energy", "evolve", "initial_state"]

SOFTENING = 0.3
"""Distances are sqrt(r^2 + SOFTENING^2), so that close encounters stay smooth."""


def initial_state(count: int, particles: int, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """Positions and velocities `(count, particles, 3)`, normal with spreads 1 and 1/2, and charges +1 or -1."""
    r, v = (torch.randn(count, particles, 3, generator=generator, dtype=torch.float64) for _ in range(2))
    return r, v / 2, 1.0 - 2.0 * torch.randint(2, (count, particles), generator=generator).double()


def evolve(r: Tensor, v: Tensor, q: Tensor, time: float, steps: int) -> tuple[Tensor, Tensor]:
    """Positions and velocities after `time`; the error falls as the square of the step."""
    step = time / steps
    force = _force(r, q)
    for _ in range(steps):
        v = v + step / 2 * force
        r = r + step * v
        force = _force(r, q)
        v = v + step / 2 * force
    return r, v


def energy(r: Tensor, v: Tensor, q: Tensor) -> Tensor:
    """Kinetic energy and `sum_i<j q_i q_j / d_ij`, `(count,)`."""
    distance = _apart(r).square().sum(-1).add(SOFTENING**2).sqrt()
    pairs = (q.unsqueeze(2) * q.unsqueeze(1) / distance).triu(1)
    return v.square().sum((1, 2)) / 2 + pairs.sum((1, 2))


def _apart(r: Tensor) -> Tensor:
    return r.unsqueeze(2) - r.unsqueeze(1)


def _force(r: Tensor, q: Tensor) -> Tensor:
    """`sum_j q_i q_j (r_i - r_j) / d_ij^3`."""
    apart = _apart(r)
    cubed = apart.square().sum(-1, keepdim=True).add(SOFTENING**2).pow(1.5)
    return ((q.unsqueeze(2) * q.unsqueeze(1)).unsqueeze(-1) * apart / cubed).sum(2)
