"""Leapfrog steps of Hamilton's equations: links in the Wilson action, and particles that attract one another."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from gaugeflow.symmetry.actions.coordinates import generators

__all__ = ["LinkLeapfrog", "ParticleLeapfrog"]


class LinkLeapfrog:
    """A kick by `force(u)` `(b, D, *shape, N^2 - 1)` for half a step, a drift U -> exp(i e p_a T_a) U, and a kick."""

    def __init__(self, force: Callable[[Tensor], Tensor], step: float = 0.1) -> None:
        self.force, self.step = force, step

    def __call__(self, u: Tensor, p: Tensor) -> tuple[Tensor, Tensor]:
        p = p - self.step / 2 * self.force(u)
        algebra = torch.einsum("...a,aij->...ij", p.to(u.dtype), generators(u.shape[-1]).to(u))
        u = torch.linalg.matrix_exp(1j * self.step * algebra) @ u
        return u, p - self.step / 2 * self.force(u)


class ParticleLeapfrog:
    """Particles `(b, n, d)` with the pair potential r^4 / 4, drift, kick and drift."""

    def __init__(self, step: float = 0.02) -> None:
        self.step = step

    def __call__(self, r: Tensor, p: Tensor) -> tuple[Tensor, Tensor]:
        r = r + self.step / 2 * p
        apart = r.unsqueeze(2) - r.unsqueeze(1)
        p = p - self.step * (apart.square().sum(-1, keepdim=True) * apart).sum(2)
        return r + self.step / 2 * p, p
