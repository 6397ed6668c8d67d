"""Configurations of fermions on sites: who is where, as occupations and as lists of particles."""

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.wavefunctions.particles import Particles

__all__ = ["SiteFermions", "from_lists", "rows_of", "to_lists"]


@dataclass(frozen=True)
class SiteFermions(Particles):
    """Fermions of spin 1/2 on sites; a configuration holds 0 and 1, ``(batch, 2, sites)``, up first.

    The state of a configuration is ``prod_i c+_{i up} prod_j c+_{j down} |0>`` with i and j from left to right in
    rising order: the canonical order of all signs. Spinless fermions are all up.

    Args:
        dimension: of the lattice.
        exclusive: whether no site may have two particles, as in the t-J model.

    Raises:
        UserError: more particles than sites, and as `Particles`.
    """

    sites: int = 1
    exclusive: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        most = self.n if self.exclusive else max(self.counts)
        if most > self.sites:
            kind = "particles, none of them twice on a site" if self.exclusive else "particles of each spin"
            raise UserError(f"sites: expected at most {self.sites} {kind}, came {self.n_up} up and {self.n_down} down")

    @property
    def states(self) -> int:
        """How many configurations there are."""
        left = self.sites - self.n_up if self.exclusive else self.sites
        return math.comb(self.sites, self.n_up) * math.comb(left, self.n_down)

    def require_few(self, most: int) -> None:
        """Raises UserError for more than so many configurations."""
        if self.states > most:
            raise UserError(f"enumerate: expected at most {most:,} configurations, {self} have {self.states:,}")

    def check(self, x: Any) -> None:
        """Raises UserError if x is not ``(batch, 2, sites)``."""
        if len(x.shape) != 3 or tuple(x.shape[1:]) != (2, self.sites):
            raise UserError(f"expected occupations of shape (batch, 2, {self.sites}) for {self}, came {tuple(x.shape)}")

    def allowed(self, x: Tensor) -> Tensor:
        """Where no site has more than it may, ``(batch,)``."""
        return (x.sum(1) <= (1 if self.exclusive else 2)).all(-1)

    def every(self, dtype: torch.dtype = torch.float64) -> Tensor:
        """All configurations ``(states, 2, sites)``, up spins slowest."""
        up, down = (subsets(self.sites, count) for count in self.counts)
        both = torch.stack((up.repeat_interleave(len(down), 0), down.repeat(len(up), 1)), 1).to(dtype)
        return both[self.allowed(both)]

    def draw(self, count: int, generator: torch.Generator, dtype: torch.dtype = torch.float64) -> Tensor:
        """Random configurations ``(count, 2, sites)``, all equally likely."""
        up = _random_subsets(torch.ones(count, self.sites, device=generator.device), self.n_up, generator)
        free = 1 - up if self.exclusive else torch.ones_like(up)
        return torch.stack((up, _random_subsets(free, self.n_down, generator)), 1).to(dtype)

    def __str__(self) -> str:
        return f"{self.n_up} up and {self.n_down} down on {self.sites} sites"


def subsets(sites: int, count: int) -> Tensor:
    """All ways to place so many particles, 0 and 1 of shape ``(ways, sites)``, in the order of their lists."""
    lists = torch.combinations(torch.arange(sites), count) if count else torch.zeros(1, 0, dtype=torch.long)
    return torch.zeros(len(lists), sites, dtype=torch.float64).scatter_(1, lists, 1.0)


def _random_subsets(free: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """So many of the free places of each row."""
    keys = torch.rand(free.shape, generator=generator, device=free.device) - 2 * free
    return (keys.argsort(1).argsort(1) < count).double()


def rows_of(x: Tensor, counts: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """The site of each particle as a row of zeros and a one: ``(batch, n_up, sites)`` and ``(batch, n_down, sites)``.

    Particles are in canonical order. Made of products and sums alone, so that it serves under `torch.func`.
    """
    found = []
    for spin, count in enumerate(counts):
        occupied = x[:, spin].round()  # what is off by rounding is no other configuration
        number = torch.arange(1, count + 1, dtype=x.dtype, device=x.device)
        found.append((occupied.cumsum(-1)[:, None] == number[:, None]).to(x.dtype) * occupied[:, None])
    return found[0], found[1]


def to_lists(x: Tensor, particles: SiteFermions) -> Tensor:
    """The sites of the particles in canonical order, ``(batch, n)``, up first."""
    particles.check(x)
    sites = torch.arange(particles.sites, dtype=x.dtype, device=x.device)
    return (torch.cat(rows_of(x, particles.counts), 1) @ sites).round().long()


def from_lists(lists: Tensor, particles: SiteFermions) -> tuple[Tensor, Tensor]:
    """Occupations ``(batch, 2, sites)`` of lists of sites ``(batch, n)`` in any order, up first, and their signs.

    The sign ``(batch,)`` is that of the order of each list: ``c+_a c+_b ... |0> = sign |occupations>``.

    Raises:
        UserError: lists of another length, sites beyond the last one, or two particles of one spin on a site.
    """
    n_up = particles.n_up
    if lists.ndim != 2 or lists.shape[1] != particles.n:
        raise UserError(f"expected lists of shape (batch, {particles.n}) for {particles}, came {tuple(lists.shape)}")
    if lists.numel() and not 0 <= int(lists.min()) <= int(lists.max()) < particles.sites:
        raise UserError(
            f"expected sites from 0 to {particles.sites - 1}, came {int(lists.min())} to {int(lists.max())}"
        )
    x = torch.zeros(len(lists), 2, particles.sites, dtype=torch.float64, device=lists.device)
    sign = torch.ones(len(lists), dtype=torch.float64, device=lists.device)
    for spin, part in enumerate((lists[:, :n_up], lists[:, n_up:])):
        x[:, spin].scatter_(1, part, 1.0)
        first, second = torch.triu_indices(part.shape[1], part.shape[1], offset=1)
        sign = sign * (part[:, second] - part[:, first]).sign().prod(-1)
    if bool((sign == 0).any()):
        raise UserError("expected each site once for each spin, came two particles of one spin on a site")
    return x, sign
