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
from gaugeflow.wavefunctions.occupation.configurations import SiteFermions
from gaugeflow.wavefunctions.occupation.operators import Operators
from gaugeflow.wavefunctions.occupation.symmetries import SiteGroup, moved

__all__ = ["Among", "Mean", "Orbits"]

SAME = 1e-9
"""Phases that differ by less are equal."""
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

    @cached_property
    def every(self) -> Tensor:
        """All configurations, ``(states, 2, sites)``."""
        return self.particles.every()

    @property
    def x(self) -> Tensor:
        """The first configuration of each orbit where psi need not be zero, ``(orbits, 2, sites)``."""
        return self.every[self._table[0]]

    @property
    def sizes(self) -> Tensor:
        """How many configurations each orbit has, ``(orbits,)``."""
        return self._table[1]

    @cached_property
    def _table(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """The place of the first of each orbit, and sizes; of all configurations the orbit, -1 where psi is zero, and
        their own psi beside that of the first, of modulus one."""
        first, phases, zero = self._gone_through()
        chosen, place, sizes = first.unique(return_inverse=True, return_counts=True)
        there = ~zero[chosen]
        if not bool(there.any()):
            raise UserError(f"sector: expected one with states of {self.particles}, came one that has none")
        number = torch.where(there, there.cumsum(0) - 1, -1)
        return chosen[there], sizes[there].double(), number[place], phases

    def _gone_through(self) -> tuple[Tensor, Tensor, Tensor]:
        """Of each configuration the place of the first of its orbit, its psi beside that, and whether it is zero.

        Images of one that was reached before are not made again.
        """
        group, size = self.group, len(self.every)
        first = torch.full((size,), -1)
        phases, zero = torch.ones(size, dtype=group.characters.dtype), torch.zeros(size, dtype=torch.bool)
        for part in torch.arange(size).split(self._at_once):
            new = part[first[part] < 0]
            y, signs = moved(self.every[new, None], group.orders, group.flips)
            places = self._places(y.flatten(0, 1)).unflatten(0, signs.shape)
            lowest, index = places.min(1, keepdim=True)
            beside = signs * group.characters
            beside = beside * beside.gather(1, index).conj()
            first[places], phases[places] = lowest.expand_as(places), beside
            other = (places == lowest) & ((beside - 1).abs() > SAME)
            zero[places] = other.any(1, keepdim=True).expand_as(places)
        return first, phases, zero

    @property
    def _at_once(self) -> int:
        """Configurations that memory holds with all their images."""
        return max(1, AT_ONCE // len(self.group.orders))

    @cached_property
    def _ranks(self) -> Tensor:
        """Of all configurations, rising."""
        return _ranks(self.every, self.particles)

    def _places(self, x: Tensor) -> Tensor:
        """Of configurations among all."""
        return torch.searchsorted(self._ranks, _ranks(x, self.particles))

    def of(self, x: Tensor) -> Tensor:
        """The number of the orbit of each configuration ``(batch,)``, -1 where psi is zero."""
        return self._table[2][self._places(x)]

    def among(self, operators: Operators) -> Among:
        """A hermitian sum of products that commutes with the group."""
        _, sizes, orbits, phases = self._table
        x, size, found = self.x, len(sizes), []
        for part in _parts(size):
            moves = operators.connected(x[part])
            keep = self.particles.allowed(moves.y)
            places = self._places(moves.y[keep])
            columns, values = orbits[places], moves.elements[keep].conj() * phases[places]
            there = columns >= 0
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

    def shares(self, amplitudes: Tensor) -> Tensor:
        """The share of each configuration in ``|psi|^2``, ``(states,)``."""
        return self.spread(self.weights(amplitudes))

    def spread(self, weights: Tensor) -> Tensor:
        """The shares of orbits ``(orbits,)`` as those of all configurations ``(states,)``, equal within an orbit."""
        _, sizes, orbits, _ = self._table
        return torch.where(orbits < 0, 0.0, (weights / sizes)[orbits])

    def parts(self, chunk_size: int | None = None) -> Iterator[Tensor]:
        """Numbers of orbits ``(part,)``, so many at a time that memory holds them with all their images."""
        yield from torch.arange(len(self.sizes)).split(chunk_size or self._at_once)


def _parts(size: int) -> Iterator[Tensor]:
    """Numbers up to a size, some at a time."""
    yield from torch.arange(size).split(AT_ONCE)


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
