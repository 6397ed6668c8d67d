"""A Markov chain of mean-field determinants that keeps their inverses: a hop changes one row of a matrix."""

# mypy: disable-error-code=no-untyped-def
# (numba infers the types of compiled functions)

from typing import Any, TypeGuard

import numpy as np
import torch
from numba import njit
from torch import Tensor

from gaugeflow.wavefunctions.ansatz.determinants import Determinants
from gaugeflow.wavefunctions.occupation.configurations import rows_of
from gaugeflow.wavefunctions.occupation.kept.chain import Kept, hopping, shares_of
from gaugeflow.wavefunctions.occupation.site_orbitals import SiteOrbitals
from gaugeflow.wavefunctions.wavefunction import Wavefunction

__all__ = ["RankOne"]


class RankOne(Kept):
    """Of `Determinants`, not full, of `SiteOrbitals`, see `serves`.

    With the matrix A of the orbitals of all particles of a spin, and W of those of all sites, ``G = W A^-1`` has a row
    for each site and a column for each particle, kept here at the particle's site. A hop from i to j multiplies the
    determinant by ``G_ji``, and ``G <- G - (G_i / G_ji) (x) (G^j - e_j)``, where ``G_i`` is a column and ``G^j`` a row
    (J. Sherman and W. J. Morrison, Ann. Math. Stat. 21 (1950) 124).
    """

    @staticmethod
    def walk(*work: Any) -> Any:
        return _walk(*work)

    @staticmethod
    def serves(psi: Wavefunction) -> TypeGuard[Determinants]:
        """Whether psi is a sum of determinants of each spin without a network or a factor."""
        return isinstance(psi, Determinants) and isinstance(psi.orbitals, SiteOrbitals) and not psi.full

    @torch.no_grad()
    def prepared(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """G of each term and spin ``(batch, terms, 2, sites, sites)``, and the shares."""
        particles: Any = self.psi.particles
        orbitals: Any = self.psi.orbitals
        log = x.new_zeros(len(x), orbitals.terms)
        sign, found = torch.ones_like(log), []
        for rows, table in zip(rows_of(x, particles.counts), orbitals.of_sites(), strict=True):
            matrix = rows[:, None] @ table
            inverse = torch.linalg.inv_ex(matrix).inverse
            found.append(table @ inverse @ rows[:, None])
            determinant = torch.linalg.slogdet(matrix)
            log, sign = log + determinant.logabsdet, sign * determinant.sign
        return torch.stack(found, 2).contiguous(), shares_of(sign, log)


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
    """Takes a particle to a neighbour, or not."""
    spin, source, target = hopping(x, targets, a, b, exclusive)
    if spin < 0:
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
