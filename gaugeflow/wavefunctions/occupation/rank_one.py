"""A Markov chain of mean-field determinants that keeps their inverses: a hop changes one row of a matrix."""

# mypy: disable-error-code=no-untyped-def
# (numba infers the types of compiled functions)

from collections.abc import Callable
from typing import Any, TypeGuard

import numpy as np
import torch
from numba import njit
from torch import Tensor

from gaugeflow.montecarlo import Metropolis
from gaugeflow.montecarlo.sampler import Within
from gaugeflow.wavefunctions.ansatz.determinants import Determinants
from gaugeflow.wavefunctions.occupation.configurations import rows_of
from gaugeflow.wavefunctions.occupation.site_orbitals import SiteOrbitals
from gaugeflow.wavefunctions.wavefunction import Wavefunction

__all__ = ["RankOne"]


class RankOne(Within):
    """The chain of `plain`, hops and then exchanges of sites, at the cost of a few products for each move.

    With the matrix A of the orbitals of all particles of a spin, and W of those of all sites, ``G = W A^-1`` has a row
    for each site and a column for each particle, kept here at the particle's site. A hop from i to j multiplies the
    determinant by ``G_ji``, and ``G <- G - (G_i / G_ji) (x) (G^j - e_j)``, where ``G_i`` is a column and ``G^j`` a row
    (J. Sherman and W. J. Morrison, Ann. Math. Stat. 21 (1950) 124). Each update begins from new inverses, so that
    rounding does not add up; if one does not exist, the update is that of `plain`.

    Args:
        psi: `Determinants`, not full, of `SiteOrbitals`, see `serves`.
        plain: hops, and exchanges of sites for jumps.
        targets: the sites to which a particle hops ``(sites, places)``.
        power: p of the density ``|psi|^p``, asked for at each update.
    """

    def __init__(
        self, psi: Determinants, plain: Metropolis, targets: Tensor, power: Callable[[], float] = lambda: 2.0
    ) -> None:
        super().__init__(plain)
        self.psi, self.plain, self.power = psi, plain, power
        self.targets = targets.numpy()

    @staticmethod
    def serves(psi: Wavefunction) -> TypeGuard[Determinants]:
        """Whether psi is a sum of determinants of each spin without a network or a factor."""
        return isinstance(psi, Determinants) and isinstance(psi.orbitals, SiteOrbitals) and not psi.full

    @property
    def width(self) -> float:
        """Of no meaning."""
        return self.plain.width

    @torch.no_grad()
    def update(self, field: Tensor, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        """As `Metropolis.update`."""
        ratios, shares = self._prepared(field.double())
        if field.device.type != "cpu" or not bool(torch.isfinite(ratios).all() and torch.isfinite(shares).all()):
            return self.plain.update(field, generator)
        particles: Any = self.psi.particles
        steps, swaps = self.plain.steps, len(self.plain.jumps)
        numbers = torch.rand(len(field), steps + swaps, 3, generator=generator, dtype=torch.float64)
        x = field.to(torch.int8, copy=True)
        work = x.numpy(), ratios.numpy(), shares.numpy()
        taken = _walk(*work, self.targets, numbers.numpy(), steps, self.power(), particles.exclusive)
        return x.to(field.dtype), {"acceptance": torch.from_numpy(taken) / steps}

    @torch.no_grad()
    def _prepared(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """G of each term and spin ``(batch, terms, 2, sites, sites)``, and the share of each term in psi."""
        particles: Any = self.psi.particles
        orbitals: Any = self.psi.orbitals
        log = x.new_zeros(len(x), orbitals.terms)
        sign, found = torch.ones_like(log), []
        for rows, dense, size in zip(rows_of(x, particles.counts), orbitals.tables, orbitals.sizes, strict=True):
            table = dense.weight.double().unflatten(0, (orbitals.terms, size)).mT
            matrix = rows[:, None] @ table
            inverse = torch.linalg.inv_ex(matrix).inverse
            found.append(table @ inverse @ rows[:, None])
            determinant = torch.linalg.slogdet(matrix)
            log, sign = log + determinant.logabsdet, sign * determinant.sign
        values = sign * (log - log.amax(1, keepdim=True)).exp()
        return torch.stack(found, 2).contiguous(), values / values.sum(1, keepdim=True)


@njit(cache=True, nogil=True)
def _walk(x, g, shares, targets, numbers, steps, power, exclusive):
    """All moves of all walkers; x, G and the shares change in place. Returns how many hops each has taken."""
    taken = np.zeros(len(x))
    for w in range(len(x)):
        for m in range(numbers.shape[1]):
            a, b, c = numbers[w, m, 0], numbers[w, m, 1], numbers[w, m, 2]
            if m < steps:
                taken[w] += _hop(x[w], g[w], shares[w], targets, a, b, c, power, exclusive)
            else:
                _swap(x[w], g[w], shares[w], a, b, c, power)
    return taken


@njit(cache=True, nogil=True)
def _hop(x, g, shares, targets, a, b, c, power, exclusive):
    """Takes a particle to a neighbour, or not: the same proposals as `Hop`."""
    sites = x.shape[1]
    left = int(a * x.sum())
    mode = 0
    while left > 0 or x[mode // sites, mode % sites] == 0:
        left -= x[mode // sites, mode % sites]
        mode += 1
    spin, source = mode // sites, mode % sites
    target = targets[source, int(b * targets.shape[1])]
    if x[spin, target] or (exclusive and x[1 - spin, target]):
        return 0.0
    ratios = g[:, spin, target, source].copy()
    ratio = (shares * ratios).sum()
    if not c < abs(ratio) ** power:
        return 0.0
    shares *= ratios / ratio
    for t in range(len(g)):
        _moved(g[t, spin], source, target)
    x[spin, source], x[spin, target] = 0, 1
    return 1.0


@njit(cache=True, nogil=True)
def _swap(x, g, shares, a, b, c, power):
    """Exchanges all that two sites have, or not: a hop of each spin at most, and the same proposals as `SwapSites`."""
    sites = x.shape[1]
    one, other = int(a * sites), int(b * sites)
    ratios = np.ones(len(shares))
    for spin in range(2):
        if x[spin, one] != x[spin, other]:
            source, target = (one, other) if x[spin, one] else (other, one)
            ratios *= g[:, spin, target, source]
    ratio = (shares * ratios).sum()
    if not c < abs(ratio) ** power:
        return
    shares *= ratios / ratio
    for spin in range(2):
        if x[spin, one] != x[spin, other]:
            source, target = (one, other) if x[spin, one] else (other, one)
            for t in range(len(g)):
                _moved(g[t, spin], source, target)
            x[spin, source], x[spin, target] = 0, 1


@njit(cache=True, nogil=True)
def _moved(g, source, target):
    """G after the hop of a particle."""
    column = g[:, source] / g[target, source]
    row = g[target].copy()
    row[target] -= 1.0
    for i in range(len(g)):
        for j in range(len(g)):
            g[i, j] -= column[i] * row[j]
