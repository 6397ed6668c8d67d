"""A Markov chain of mean-field Pfaffians that keeps their inverses: a hop changes a row and a column of a matrix."""

# mypy: disable-error-code=no-untyped-def
# (numba infers the types of compiled functions)

from typing import Any, TypeGuard

import numpy as np
import torch
from numba import njit
from torch import Tensor

from gaugeflow.linalg import signed_log_pfaffian
from gaugeflow.wavefunctions.ansatz.pfaffians import Pfaffians
from gaugeflow.wavefunctions.occupation.configurations import rows_of
from gaugeflow.wavefunctions.occupation.kept.chain import Kept, hopping, shares_of
from gaugeflow.wavefunctions.occupation.site_orbitals import SiteOrbitals
from gaugeflow.wavefunctions.wavefunction import Wavefunction

__all__ = ["RankTwo"]


class RankTwo(Kept):
    """Of `Pfaffians` of `SiteOrbitals`, see `serves`.

    Let A be the antisymmetric matrix of all modes, up sites, down sites, and the border, and S those that are occupied.
    What is kept is A with its block of S exchanged (a principal pivot transform, A. W. Tucker, Proc. Symp. Appl. Math.
    10 (1960) 129)::

        X = [[A_SS^-1, -A_SS^-1 A_S.], [A_.S A_SS^-1, A_.. - A_.S A_SS^-1 A_S.]],

    which is antisymmetric too. A hop from the mode s to t multiplies the Pfaffian by ``x = X_ts``, a second one from s'
    to t' by ``X_ts X_t's' - X_t's X_ts' + X_t't X_ss'`` both together, and exchanges the block of s and t:
    ``X_ij <- X_ij + (X_it X_sj - X_is X_tj) / x``, a change of rank two.
    """

    @staticmethod
    def walk(*work: Any) -> Any:
        return _walk(*work)

    @staticmethod
    def serves(psi: Wavefunction) -> TypeGuard[Pfaffians]:
        """Whether psi is a sum of Pfaffians without a network or a factor."""
        return isinstance(psi, Pfaffians) and isinstance(psi.orbitals, SiteOrbitals)

    @torch.no_grad()
    def prepared(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """X of each term ``(batch, terms, modes, modes)``, and the shares."""
        psi: Any = self.psi
        whole = psi.matrix(*(table[None] for table in psi.orbitals.of_sites()))
        rows = _rows(x, psi.particles.counts, psi.unpaired)[:, None]
        columns = whole @ rows.mT
        inside = rows @ columns
        inverse = torch.linalg.inv_ex(inside).inverse
        side = columns @ inverse
        across = side @ rows * (1 - rows.sum(-2)[..., None])
        kept = rows.mT @ inverse @ rows + across - across.mT + (whole + side @ columns.mT)
        if psi.orbitals.terms == 1:
            return kept.contiguous(), x.new_ones(len(x), 1)
        return kept.contiguous(), shares_of(*signed_log_pfaffian(inside))


def _rows(x: Tensor, counts: tuple[int, int], border: int) -> Tensor:
    """The mode of each particle and of each place of the border: rows of zeros and a one, ``(batch, n, modes)``."""
    up, down = rows_of(x, counts)
    sites, n_up = x.shape[-1], counts[0]
    rows = x.new_zeros(len(x), sum(counts) + border, 2 * sites + border)
    rows[:, :n_up, :sites], rows[:, n_up : sum(counts), sites : 2 * sites] = up, down
    rows[:, sum(counts) :, 2 * sites :] = torch.eye(border).to(x)
    return rows


@njit(cache=True, nogil=True)
def _walk(x, kept, shares, targets, numbers, steps, power, exclusive):
    """All moves of all walkers; x, X and the shares change in place. Returns how many hops each has taken."""
    taken = np.zeros(len(x))
    for w in range(len(x)):
        for m in range(numbers.shape[1]):
            a, b, c = numbers[w, m, 0], numbers[w, m, 1], numbers[w, m, 2]
            if m < steps:
                taken[w] += _hop(x[w], kept[w], shares[w], targets, a, b, c, power, exclusive)
            else:
                _swap(x[w], kept[w], shares[w], a, b, c, power)
    return taken


@njit(cache=True, nogil=True)
def _hop(x, kept, shares, targets, a, b, c, power, exclusive):
    """Takes a particle to a neighbour, or not."""
    spin, source, target = hopping(x, targets, a, b, exclusive)
    if spin < 0:
        return 0.0
    s, t = spin * x.shape[1] + source, spin * x.shape[1] + target
    ratios = kept[:, t, s].copy()
    ratio = (shares * ratios).sum()
    if not c < abs(ratio) ** power:
        return 0.0
    shares *= ratios / ratio
    for k in range(len(kept)):
        _pivot(kept[k], s, t)
    x[spin, source], x[spin, target] = 0, 1
    return 1.0


@njit(cache=True, nogil=True)
def _swap(x, kept, shares, a, b, c, power):
    """Exchanges all that two sites have, or not: a hop of each spin at most, and the same proposals as `SwapSites`."""
    sites = x.shape[1]
    one, other = int(a * sites), int(b * sites)
    s, t, count = np.zeros(2, np.int64), np.zeros(2, np.int64), 0
    for spin in range(2):
        if x[spin, one] != x[spin, other]:
            source, target = (one, other) if x[spin, one] else (other, one)
            s[count], t[count] = spin * sites + source, spin * sites + target
            count += 1
    ratios = np.ones(len(shares))
    for k in range(len(shares)):
        y = kept[k]
        if count == 1:
            ratios[k] = y[t[0], s[0]]
        elif count == 2:
            ratios[k] = y[t[0], s[0]] * y[t[1], s[1]] - y[t[1], s[0]] * y[t[0], s[1]] + y[t[1], t[0]] * y[s[0], s[1]]
    ratio = (shares * ratios).sum()
    if not c < abs(ratio) ** power:
        return
    shares *= ratios / ratio
    for place in range(count):
        for k in range(len(kept)):
            _pivot(kept[k], s[place], t[place])
        mode, new = s[place], t[place]
        x[mode // sites, mode % sites], x[new // sites, new % sites] = 0, 1


@njit(cache=True, nogil=True)
def _pivot(y, s, t):
    """X after a particle has gone from the mode s to t."""
    x = y[t, s]
    at_s, at_t = y[s] / x, y[t] / x
    for i in range(len(y)):
        first, second = x * at_s[i], x * at_t[i]
        for j in range(len(y)):
            y[i, j] += first * at_t[j] - second * at_s[j]
    y[t], y[s] = at_s, -at_t
    y[:, t], y[:, s] = -at_s, at_t
    y[t, s], y[s, t], y[s, s], y[t, t] = -1 / x, 1 / x, 0.0, 0.0
