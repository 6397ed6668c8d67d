"""All configurations of a small space as orbits of a group, and sums over them without an error.

A wavefunction with ``psi(g x) sign(g, x) = character(g) psi(x)`` is known everywhere by its values on one configuration
of each orbit, and is zero where a motion that leaves a configuration alone gives it another phase. So the energy

    ``sum_x psi(x)* (H psi)(x) / sum_x |psi(x)|^2``

takes as many values of psi as there are orbits. Without a group each configuration is an orbit of its own.
"""

import math
from collections.abc import Iterator
from functools import cached_property
from typing import Any, NamedTuple

import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.symmetry.actions.values import wide
from gaugeflow.wavefunctions.occupation.configurations import SiteFermions, subsets
from gaugeflow.wavefunctions.occupation.operators import Operators
from gaugeflow.wavefunctions.occupation.sectors.canonical_form import canonical_form, odd_exchanges
from gaugeflow.wavefunctions.occupation.symmetries import SiteGroup, moved

__all__ = ["AT_ONCE", "Among", "Mean", "Orbits"]

AT_ONCE = 8192
"""Configurations that are moved, or whose psi is calculated, at a time."""


class Among(NamedTuple):
    """An operator among the values of a wavefunction on orbits, ``(O psi)(x_a) = d_a psi_a + sum_k v_k psi_b``, where
    a is ``rows[k]`` and b is ``columns[k]``."""

    diagonal: Tensor
    rows: Tensor
    columns: Tensor
    values: Tensor

    def __call__(self, psi: Tensor) -> Tensor:
        return (self.diagonal * psi).index_add(0, self.rows, self.values * psi[self.columns])


class Mean(NamedTuple):
    """``<psi|O|psi> / <psi|psi>`` and the variance of O."""

    value: float
    variance: float


class Orbits:
    """One configuration of each orbit under a group, and what it stands for.

    Args:
        group: with the character of the wavefunction; none by default.
        most: the largest space.

    Raises:
        UserError: a larger one; when it is asked for orbits, a sector without a state.
    """

    def __init__(self, particles: SiteFermions, group: SiteGroup | None = None, most: int = 100_000) -> None:
        particles.require_few(most)
        self.particles = particles
        self.group = group or SiteGroup(torch.arange(particles.sites)[None])
        self._odd = odd_exchanges(self.group)

    @cached_property
    def every(self) -> Tensor:
        """All configurations, ``(states, 2, sites)``."""
        return self.particles.every()

    @property
    def x(self) -> Tensor:
        """The canonical configuration of each orbit where psi need not be zero, ``(orbits, 2, sites)``."""
        return self._table[0]

    @property
    def sizes(self) -> Tensor:
        """How many configurations each orbit has, ``(orbits,)``."""
        return self._table[1]

    @cached_property
    def _table(self) -> tuple[Tensor, Tensor, Tensor]:
        """Configurations, sizes of their orbits and ranks, which rise."""
        found = [self._first(part) for part in self._up.split(max(1, AT_ONCE // len(self._down)))]
        x, alone = (torch.cat(parts) for parts in zip(*found, strict=True))
        if not len(x):
            raise UserError(f"sector: expected one with states of {self.particles}, came one that has none")
        ranks, order = _ranks(x, self.particles).sort()
        return x[order], len(self.group.orders) / alone[order].double(), ranks

    @cached_property
    def _up(self) -> Tensor:
        """The up spins of canonical configurations, ``(ways, sites)``: no motion that keeps the spins has an earlier
        image of them."""
        up, keep = subsets(self.particles.sites, self.particles.n_up), ~self.group.flips
        alone = torch.stack((up, torch.zeros_like(up)), 1)
        first = canonical_form(alone, SiteGroup(self.group.orders[keep])).x
        return up[(first == alone).all(-1).all(-1)]

    @cached_property
    def _down(self) -> Tensor:
        return subsets(self.particles.sites, self.particles.n_down)

    def _first(self, up: Tensor) -> tuple[Tensor, Tensor]:
        """The canonical ones with these up spins ``(part, sites)`` where psi need not be zero, and how many motions
        leave each alone."""
        x = torch.stack((up.repeat_interleave(len(self._down), 0), self._down.repeat(len(up), 1)), 1)
        x = x[self.particles.allowed(x)]
        form = canonical_form(x, self.group, self._odd)
        own = (form.x == x).all(-1).all(-1) & (form.phase != 0)
        return x[own], form.alone[own]

    def found(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The number of the orbit of each configuration ``(batch,)``, -1 where psi is zero, and ``psi(x)`` beside that
        of the canonical one, of modulus one."""
        form, ranks = canonical_form(x, self.group, self._odd), self._table[2]
        places = torch.searchsorted(ranks, _ranks(form.x, self.particles)).clamp(max=len(ranks) - 1)
        return torch.where(form.phase == 0, -1, places), form.phase

    def of(self, x: Tensor) -> Tensor:
        """The number of the orbit of each configuration ``(batch,)``, -1 where psi is zero."""
        return self.found(x)[0]

    def images(self, part: Tensor) -> Tensor:
        """All images of the orbits with these numbers, ``(part, |G|, 2, sites)``; each is there equally often."""
        return moved(self.x[part, None], self.group.orders, self.group.flips)[0]

    def drawn(self, orbits: Tensor, generator: torch.Generator) -> Tensor:
        """A configuration of each of these orbits ``(batch,)``, any with equal chance, ``(batch, 2, sites)``."""
        group, device = self.group, generator.device
        motions = torch.randint(len(group.orders), orbits.shape, generator=generator, device=device).cpu()
        return moved(self.x[orbits], group.orders[motions], group.flips[motions])[0]

    def among(self, operators: Operators) -> Among:
        """A hermitian sum of products that commutes with the group."""
        x, found = self.x, []
        for part in torch.arange(len(x)).split(AT_ONCE):
            moves = operators.connected(x[part])
            keep = self.particles.allowed(moves.y)
            columns, phases = self.found(moves.y[keep])
            there, values = columns >= 0, moves.elements[keep].conj() * phases
            found.append((moves.diagonal, part[moves.walkers[keep]][there], columns[there], values[there]))
        return Among(*(torch.cat(parts) for parts in zip(*found, strict=True)))

    @torch.no_grad()
    def amplitudes(self, psi: Any, chunk_size: int | None = None) -> Tensor:
        """psi on each orbit ``(orbits,)`` in double precision on the CPU, the modulus of the largest 1.

        Args:
            psi: ``psi(x) -> (sign, log|psi|)``, real or complex, where its parameters are.
            chunk_size: configurations at a time.
        """
        like = next(psi.parameters())
        x = self.x
        parts = [psi(x[part].to(like)) for part in self.parts(chunk_size)]
        sign, log = (torch.cat([wide(part[k]).cpu() for part in parts]) for k in (0, 1))
        return sign * (log - log.max()).exp()

    def hermitian(self, operator: Among) -> Among:
        """The same operator among ``sqrt(sizes) psi``, whose squares are shares of ``|psi|^2``: a hermitian matrix."""
        roots = self.sizes.sqrt()
        return operator._replace(values=operator.values * (roots[operator.rows] / roots[operator.columns]))

    def mean(self, amplitudes: Tensor, operator: Among) -> Mean:
        """Over all configurations, from `amplitudes` ``(orbits,)``."""
        applied = operator(amplitudes)
        norm = self.sizes @ amplitudes.abs().square()
        value = self.sizes @ (amplitudes.conj() * applied).real / norm
        variance = self.sizes @ (applied - value * amplitudes).abs().square() / norm
        return Mean(float(value), float(variance))

    def weights(self, amplitudes: Tensor) -> Tensor:
        """The share of each orbit in ``|psi|^2``, ``(orbits,)``."""
        found = self.sizes * amplitudes.abs().square()
        return found / found.sum()

    def spread(self, weights: Tensor) -> Tensor:
        """The shares of orbits ``(orbits,)`` as those of all configurations ``(states,)``, equal within an orbit."""
        orbits = self.of(self.every)
        return torch.where(orbits < 0, 0.0, (weights / self.sizes)[orbits])

    def parts(self, chunk_size: int | None = None) -> Iterator[Tensor]:
        """Numbers of orbits ``(part,)``, so many at a time that memory holds them with all their images."""
        yield from torch.arange(len(self.sizes)).split(chunk_size or max(1, AT_ONCE // len(self.group.orders)))


def _ranks(x: Tensor, particles: SiteFermions) -> Tensor:
    """The place of configurations among all, as if both spins might share a site, ``(batch,)``.

    Subsets are in the order of their lists: the place of ``c_1 < ... < c_k`` among those of n sites is
    ``C(n, k) - 1 - sum_i C(n - 1 - c_i, k + 1 - i)``.
    """
    n, found = particles.sites, torch.zeros(len(x), dtype=torch.float64)
    for spin, count in enumerate(particles.counts):
        behind = [[float(math.comb(n - 1 - site, left)) for left in range(count + 1)] for site in range(n)]
        occupied = x[:, spin].double()
        left = count - occupied.cumsum(1) + occupied
        passed = torch.tensor(behind, dtype=torch.float64)[torch.arange(n), left.long()]
        ways = math.comb(n, count)
        found = found * ways + ways - 1 - (occupied * passed).sum(1)
    return found
