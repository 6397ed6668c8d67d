"""The one-link densities of heat baths, sampled exactly by rejection from counter-based random numbers."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from gaugeflow.random import philox, uniform32, uniform64

__all__ = ["CREUTZ_BELOW", "Place", "sample_su2", "sample_von_mises"]

CREUTZ_BELOW = 1.68
"""Coupling where the acceptances of the two proposals for SU(2) cross: both are 0.67 there, and larger elsewhere."""


@dataclass
class Place:
    """Where a random number is used: key of the sweep, link and chain indices ``(...)``, number of the subgroup."""

    key: int
    links: Tensor
    chains: Tensor
    stream: int = 0

    def words(self, pending: Tensor, attempt: int, half: int) -> Tensor:
        """Four words ``(n_pending, 4)`` of one attempt, counter (link, chain, 2 subgroup + half, attempt)."""
        links, chains = self.links.flatten()[pending], self.chains.flatten()[pending]
        stream = torch.full_like(links, 2 * self.stream + half)
        return philox(self.key, torch.stack((links, chains, stream, torch.full_like(links, attempt)), -1))


def sample_su2(alpha: Tensor, place: Place) -> Tensor:
    """Quaternions h on the unit sphere with density ``exp(alpha h0)``, shape ``(*alpha.shape, 4)``.

    ``delta = 1 - h0`` is proposed by Kennedy and Pendleton (Phys. Lett. B 156 (1985) 393) from
    ``sqrt(delta) exp(-alpha delta)``, or at small alpha by Creutz (Phys. Rev. D 21 (1980) 2308) from
    ``exp(-alpha delta)`` on [0, 2].
    """

    def attempt(pending: Tensor, number: int) -> tuple[Tensor, Tensor]:
        first, second = place.words(pending, number, 0), place.words(pending, number, 1)
        r1, r3 = uniform64(first[:, 0], first[:, 1]), uniform64(first[:, 2], first[:, 3])
        r2, r4, r5, r6 = uniform32(second).unbind(-1)
        a = alpha.flatten()[pending]
        creutz = a < CREUTZ_BELOW
        delta = torch.where(creutz, _creutz(a, r1), _kennedy_pendleton(a, r1, r2, r3))
        bound = torch.where(creutz, delta * (2 - delta), 1 - delta / 2)
        cosine, angle = 1 - 2 * r5, 2 * math.pi * r6
        length, sine = (delta * (2 - delta)).sqrt(), (1 - cosine * cosine).sqrt()
        h = torch.stack((1 - delta, length * sine * angle.cos(), length * sine * angle.sin(), length * cosine), -1)
        return h, r4 * r4 > bound

    return _reject(attempt, alpha.numel(), (4,), alpha).reshape(*alpha.shape, 4)


def sample_von_mises(kappa: Tensor, place: Place) -> Tensor:
    """Angles in [-pi, pi] with density ``exp(kappa cos theta)``, shape of ``kappa``.

    Best and Fisher (Appl. Statist. 28 (1979) 152): rejection from a wrapped Cauchy density. Written with
    ``1 - rho`` and ``tan(theta/2)``, which keep full precision from kappa = 0 to any size.
    """
    root = (1 + 4 * kappa * kappa).sqrt()
    tau = 1 + root
    width = tau + (2 * tau).sqrt()
    gap = (1 + 1 / (root + 2 * kappa) + (2 * tau).sqrt()) / width  # 1 - rho
    shift, slope = width * gap * gap / 4, gap / (2 - gap)

    def attempt(pending: Tensor, number: int) -> tuple[Tensor, Tensor]:
        word = place.words(pending, number, 0)
        r1, r2 = uniform64(word[:, 0], word[:, 1]), uniform64(word[:, 2], word[:, 3])
        half = torch.atan(slope.flatten()[pending] * torch.tan(math.pi * (r1 - 0.5)))
        c = shift.flatten()[pending] + 2 * kappa.flatten()[pending] * half.sin() ** 2
        return 2 * half, r2 > c * (1 - c).exp()

    return _reject(attempt, kappa.numel(), (), kappa).reshape(kappa.shape)


def _kennedy_pendleton(alpha: Tensor, r1: Tensor, r2: Tensor, r3: Tensor) -> Tensor:
    return -(r1.log() + (2 * math.pi * r2).cos() ** 2 * r3.log()) / alpha


def _creutz(alpha: Tensor, r: Tensor) -> Tensor:
    """``-log(1 - r (1 - exp(-2 alpha))) / alpha``; where alpha underflows, uniform on [0, 2]."""
    delta = -torch.log1p(r * torch.expm1(-2 * alpha)) / torch.where(alpha > 0, alpha, 1)
    return torch.where(alpha > 1e-30, delta, 2 * r)


def _reject(
    attempt: Callable[[Tensor, int], tuple[Tensor, Tensor]], count: int, shape: tuple[int, ...], like: Tensor
) -> Tensor:
    """Repeats ``attempt(pending indices, number) -> (values, rejected)`` until every value is accepted.

    A test that compares with NaN is false, so that a field of NaN comes out as NaN instead of never.
    """
    result = torch.empty(count, *shape, dtype=torch.float64, device=like.device)
    pending, number = torch.arange(count, device=like.device), 0
    while pending.numel():
        values, rejected = attempt(pending, number)
        result[pending] = values
        pending, number = pending[rejected], number + 1
    return result
