"""Markov moves: Metropolis for U(1) links, and a Langevin proposal with its Hastings factor for a scalar field."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["LangevinMove", "MetropolisMove", "quartic_log_prob", "wilson_log_prob"]


def wilson_log_prob(theta: Tensor, beta: float = 1.0) -> Tensor:
    """-S = beta sum cos P of U(1) angles `(b, 2, L, T)`, up to a constant."""
    plaquette = theta[:, 0] + theta[:, 1].roll(-1, 1) - theta[:, 0].roll(-1, 2) - theta[:, 1]
    return beta * plaquette.cos().sum((1, 2))


def quartic_log_prob(phi: Tensor) -> Tensor:
    """-S of a field `(b, 1, L)` with a nearest-neighbour, a quadratic and a quartic term."""
    hop = (phi - phi.roll(-1, 2)).square() / 4
    return -(hop + phi.square() / 2 + phi.pow(4) / 8).sum((1, 2))


def _accept(old: Tensor, new: Tensor, log_ratio: Tensor, generator: torch.Generator) -> Tensor:
    accepted = torch.rand(log_ratio.shape, generator=generator, dtype=log_ratio.dtype).log() < log_ratio
    return torch.where(accepted.reshape(-1, *[1] * (old.ndim - 1)), new, old)


class MetropolisMove:
    """All angles of a configuration move by a uniform step and are accepted together."""

    def __init__(self, step: float = 1.2) -> None:
        self.step = step

    def __call__(self, theta: Tensor, generator: torch.Generator) -> Tensor:
        noise = 2 * torch.rand(theta.shape, generator=generator, dtype=theta.dtype) - 1
        new = theta + self.step * noise
        return _accept(theta, new, wilson_log_prob(new) - wilson_log_prob(theta), generator)


class LangevinMove:
    """phi + e^2/2 grad log pi + e * noise, accepted with the ratio of both proposal densities."""

    def __init__(self, step: float = 0.7) -> None:
        self.step = step

    def _drift(self, phi: Tensor) -> Tensor:
        with torch.enable_grad():
            point = phi.detach().requires_grad_(True)
            (gradient,) = torch.autograd.grad(quartic_log_prob(point).sum(), point)
        return phi + self.step**2 / 2 * gradient

    def __call__(self, phi: Tensor, generator: torch.Generator) -> Tensor:
        new = self._drift(phi) + self.step * torch.randn(phi.shape, generator=generator, dtype=phi.dtype)
        hastings = self._log_density(phi, new) - self._log_density(new, phi)
        return _accept(phi, new, quartic_log_prob(new) - quartic_log_prob(phi) + hastings, generator)

    def _log_density(self, end: Tensor, start: Tensor) -> Tensor:
        return -(end - self._drift(start)).square().sum((1, 2)) / (2 * self.step**2)
