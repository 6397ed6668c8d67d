"""What chains with kept inverses share: their update, and the moves that they propose."""

# mypy: disable-error-code=no-untyped-def
# (numba infers the types of compiled functions)

from collections.abc import Callable
from typing import Any

import torch
from numba import njit
from torch import Tensor

from gaugeflow.montecarlo import Metropolis
from gaugeflow.montecarlo.sampler import Within
from gaugeflow.wavefunctions.wavefunction import Wavefunction

__all__ = ["Kept", "hopping", "shares_of"]

Walk = Callable[..., Any]


class Kept(Within):
    """The chain of `plain`, hops and then exchanges of sites. Each update begins from new inverses, so that rounding
    does not add up; if one does not exist, the update is that of `plain`.

    To write a new one, give `prepared`, and as `walk` a compiled function of what it gives.

    Args:
        plain: hops, and exchanges of sites for jumps.
        targets: the sites to which a particle hops ``(sites, places)``.
        power: p of the density ``|psi|^p``, asked for at each update.
    """

    walk: Walk

    def __init__(
        self, psi: Wavefunction, plain: Metropolis, targets: Tensor, power: Callable[[], float] = lambda: 2.0
    ) -> None:
        super().__init__(plain)
        self.psi, self.plain, self.power = psi, plain, power
        self.targets = targets.numpy()

    @property
    def width(self) -> float:
        """Of no meaning."""
        return self.plain.width

    @torch.no_grad()
    def update(self, field: Tensor, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        """As `Metropolis.update`."""
        ratios, shares = self.prepared(field.double())
        if field.device.type != "cpu" or not bool(torch.isfinite(ratios).all() and torch.isfinite(shares).all()):
            return self.plain.update(field, generator)
        particles: Any = self.psi.particles
        steps, swaps = self.plain.steps, len(self.plain.jumps)
        numbers = torch.rand(len(field), steps + swaps, 3, generator=generator, dtype=torch.float64)
        x = field.to(torch.int8, copy=True)
        work = x.numpy(), ratios.numpy(), shares.numpy()
        taken = self.walk(*work, self.targets, numbers.numpy(), steps, self.power(), particles.exclusive)
        return x.to(field.dtype), {"acceptance": torch.from_numpy(taken) / steps}

    def prepared(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """What is kept of each term ``(batch, terms, ...)``, and the share of each term in psi ``(batch, terms)``."""
        raise NotImplementedError(f"{type(self).__name__} must say what it keeps")


def shares_of(sign: Tensor, log: Tensor) -> Tensor:
    """That of each term in their sum, ``(batch, terms)``."""
    values = sign * (log - log.amax(1, keepdim=True)).exp()
    return values / values.sum(1, keepdim=True)


@njit(cache=True, nogil=True)
def hopping(x, targets, a, b, exclusive):
    """The spin, the site and the new site of a particle, drawn by two numbers as `Hop` draws them; the spin is -1 where
    the new site is taken."""
    sites = x.shape[1]
    left = int(a * x.sum())
    mode = 0
    while left > 0 or x[mode // sites, mode % sites] == 0:
        left -= x[mode // sites, mode % sites]
        mode += 1
    spin, source = mode // sites, mode % sites
    target = targets[source, int(b * targets.shape[1])]
    if x[spin, target] or (exclusive and x[1 - spin, target]):
        spin = -1
    return spin, source, target
