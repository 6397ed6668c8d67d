"""How configurations of fermions on sites are sampled: hops, exchanges, and all of them at once."""

from typing import Any

import torch
from torch import Tensor

from gaugeflow.montecarlo.moves import LogDensity
from gaugeflow.wavefunctions.occupation.configurations import SiteFermions
from gaugeflow.wavefunctions.occupation.enumeration.orbits import Orbits
from gaugeflow.wavefunctions.occupation.lattices import Lattice

__all__ = ["Enumerated", "Hop", "SwapSites"]


class Hop:
    """One particle, drawn, hops to a drawn neighbour, or to any site where the lattice has no bonds.

    Of configurations ``(batch, 2, sites)``; a site that is taken is refused. A neighbour is as likely as its way back,
    as all sites have equally many places.
    """

    def __init__(self, particles: SiteFermions, lattice: Lattice | None = None) -> None:
        self.particles = particles
        everywhere = torch.arange(particles.sites).expand(particles.sites, -1)
        self.targets = everywhere if lattice is None else lattice.neighbours

    def propose(
        self, x: Tensor, width: float, log_density: LogDensity, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        batch, sites = torch.arange(len(x), device=x.device), self.particles.sites
        targets = self.targets.to(x.device)
        mode = torch.multinomial(x.flatten(1).double(), 1, generator=generator)[:, 0]
        place = torch.randint(targets.shape[1], (len(x),), generator=generator, device=x.device)
        spin, site = mode // sites, mode % sites
        target = targets[site, place]
        free = x[batch, spin, target] < 0.5
        y = x.clone()
        y[batch, spin, site] = 0
        y[batch, spin, target] = 1
        y = torch.where(free[:, None, None], y, x)
        return y, _only(free & self.particles.allowed(y), x)


class SwapSites:
    """Two drawn sites exchange all that they have, in configurations ``(batch, 2, sites)``."""

    def __init__(self, particles: SiteFermions) -> None:
        self.particles = particles

    def propose(
        self, x: Tensor, width: float, log_density: LogDensity, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        batch, sites = torch.arange(len(x), device=x.device), self.particles.sites
        one, other = (torch.randint(sites, (len(x),), generator=generator, device=x.device) for _ in range(2))
        y = x.clone()
        y[batch, :, one], y[batch, :, other] = x[batch, :, other], x[batch, :, one]
        return y, x.new_zeros(len(x))


def _only(right: Tensor, x: Tensor) -> Tensor:
    """The logarithm of the ratio of proposals: 0 for a move that is possible, else that of nothing."""
    return torch.where(right, 0.0, -torch.inf).to(x)


class Enumerated:
    """Independent samples of a small space: each update calculates the density of every configuration and draws anew.

    Offers what `Metropolis` does, in whose place it stands.

    Args:
        most: the largest space.
        orbits: of what leaves the density alone, one of each of which is calculated; none by default.

    Raises:
        UserError: a larger one.
    """

    def __init__(
        self, log_density: LogDensity, particles: SiteFermions, most: int = 100_000, orbits: Orbits | None = None
    ) -> None:
        self.log_density, self.orbits = log_density, orbits or Orbits(particles, most=most)
        self.warmup, self.width = False, 0.0

    def shares(self, like: Tensor) -> Tensor:
        """Of each orbit in the density, ``(orbits,)``."""
        orbits, x = self.orbits, self.orbits.x.to(like)
        log = torch.cat([self.log_density(x[part]) for part in orbits.parts()]).double()
        return (log + orbits.sizes.to(log).log()).softmax(0)

    @torch.no_grad()
    def update(self, field: Tensor, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        """As many new configurations ``(batch, 2, sites)`` as there are in `field`."""
        chosen = torch.multinomial(self.shares(field), len(field), replacement=True, generator=generator)
        drawn = self.orbits.drawn(chosen.cpu(), generator).to(field)
        return drawn, {"acceptance": torch.ones(len(field), dtype=torch.float64, device=field.device)}

    def state_dict(self) -> dict[str, Any]:
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """There is nothing to go on from."""
