"""How many nodal cells a wavefunction has: the regions of one sign that its nodes leave.

In the ground state all cells are images of one another under permutations of particles of equal spin (tiling, D. M.
Ceperley, J. Stat. Phys. 63 (1991) 1237). The permutations that lead from a cell to itself are a group H, so there are
``n_up! n_down! / |H|`` cells. A permutation is in H if some path leads from x to the permuted x without crossing a
node. Walkers look for such paths while they wander about in their cell; what they find generates H.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.wavefunctions.particles import Particles
from gaugeflow.wavefunctions.wavefunction import LogPsi

__all__ = ["NodalCells", "count_nodal_cells", "permutations"]

Order = tuple[int, ...]
LARGEST = 5040
"""Of the group of permutations that is still written out."""
FASTEST = 1.0
"""The largest change of log|psi| between two points of a path, below log 4."""


@dataclass(frozen=True)
class NodalCells:
    """The number of nodal cells that was found.

    Attributes:
        cells: the number; a path that was missed would make it smaller, none makes it larger.
        agreeing: the share of walkers whose own cell gave this number.
        attempts: paths tried by each walker since its last discovery, at the least.
        overlooked: a kind of path that succeeds more often than in this share of attempts would have been found, at
            95 % confidence (the rule of three, 3/attempts for the attempts of all walkers).
    """

    cells: int
    agreeing: float
    attempts: int
    overlooked: float

    def __str__(self) -> str:
        return (
            f"{self.cells} nodal cells, in which {100 * self.agreeing:.0f} % of the walkers agree; exchanges that "
            f"succeed in more than {self.overlooked:.1e} of the attempts are excluded at 95 %"
        )


@torch.no_grad()
def count_nodal_cells(
    psi: Callable[[Any], LogPsi],
    x: Tensor,
    particles: Particles,
    generator: torch.Generator,
    rounds: int = 200,
    centres: Tensor | None = None,
) -> NodalCells:
    """Counts by random exchanges along paths of one sign.

    Args:
        psi: the wavefunction.
        x: walkers with the density psi^2, ``(batch, n, d)``, each looking for itself; a few dozen are enough.
        rounds: how many exchanges each walker tries; between two it takes a step within its cell.
        centres: around which particles gather in half of the exchanges, ``(I, d)``: nuclei, or the middle of a trap,
            by default the mean of all positions.

    Raises:
        UserError: more than LARGEST permutations of equal spins.
    """
    particles.check(x)
    total = permutations(particles)
    exchanges = list(_exchanges(particles))
    groups: list[set[Order]] = [{tuple(range(particles.n))} for _ in range(len(x))]
    since = torch.zeros(len(x), dtype=torch.long)
    middles = x.mean((0, 1), keepdim=True)[0] if centres is None else centres.to(x)
    for _ in range(rounds if exchanges else 0):
        cycles = exchanges[_draw(len(exchanges), generator)]
        if particles.dimension > 1 and _draw(2, generator):
            path = _gathered(x, cycles, middles[_draw(len(middles), generator)], generator)
        else:
            path = _turned(x, cycles, generator)
        connected = _same_sign(psi, path)
        since += 1
        order = _order(cycles, particles.n)
        for walker in connected.nonzero().flatten().tolist():
            if order not in groups[walker]:
                groups[walker], since[walker] = _generated(groups[walker], order), 0
        x = _step(psi, x, generator)
    sizes = torch.tensor([len(group) for group in groups])
    largest = int(sizes.max())
    attempts = int(since[sizes == largest].sum())
    agreeing = float((sizes == largest).double().mean())
    return NodalCells(total // largest, agreeing, int(since.min()), min(1.0, 3 / max(attempts, 1)))


def permutations(particles: Particles) -> int:
    """Of equal spins, how many there are. Raises UserError for more than LARGEST."""
    if particles.bosons:
        raise UserError(f"nodal cells: expected fermions, came {particles}, whose ground state has no nodes")
    total = math.prod(math.factorial(count) for count in particles.counts)
    if total > LARGEST:
        raise UserError(
            f"nodal cells: expected at most {LARGEST} permutations of equal spins, came {total} for {particles}"
        )
    return total


def _exchanges(particles: Particles) -> Iterator[tuple[Order, ...]]:
    """Even permutations that generate all of them: cycles of three equal spins, and pairs of disjoint exchanges."""
    spins = (range(particles.n_up), range(particles.n_up, particles.n))
    for spin in spins:
        for a, b, c in combinations(spin, 3):
            yield from (((a, b, c),), ((a, c, b),))
    pairs = [pair for spin in spins for pair in combinations(spin, 2)]
    yield from ((p, q) for p, q in combinations(pairs, 2) if not set(p) & set(q))


def _order(cycles: tuple[Order, ...], n: int) -> Order:
    """The place from which each particle's new position comes."""
    order = list(range(n))
    for cycle in cycles:
        for here, there in zip(cycle, (*cycle[1:], cycle[0]), strict=True):
            order[here] = there
    return tuple(order)


def _turned(x: Tensor, cycles: tuple[Order, ...], generator: torch.Generator, points: int = 64) -> Tensor:
    """Paths ``(points, batch, n, d)`` along which the particles of each cycle take one another's places.

    Three move along the sides of their triangle; two turn by pi around their middle in a random plane, if there is one.
    """
    path = x.repeat(points, 1, 1, 1)
    t = torch.linspace(0, 1, points, dtype=x.dtype, device=x.device)[:, None, None]
    for cycle in cycles:
        if len(cycle) == 2 and x.shape[-1] > 1:
            middle, arm = (x[:, cycle[0]] + x[:, cycle[1]]) / 2, (x[:, cycle[0]] - x[:, cycle[1]]) / 2
            turned = torch.cos(math.pi * t) * arm + torch.sin(math.pi * t) * _across(arm, generator)
            path[:, :, cycle[0]], path[:, :, cycle[1]] = middle + turned, middle - turned
            continue
        for here, there in zip(cycle, (*cycle[1:], cycle[0]), strict=True):
            path[:, :, here] = (1 - t) * x[:, here] + t * x[:, there]
    return path


def _gathered(
    x: Tensor, cycles: tuple[Order, ...], centre: Tensor, generator: torch.Generator, points: int = 40
) -> Tensor:
    """Paths ``(2 points, batch, n, d)``: each cycle gathers on a ring around the centre, then turns on it.

    The rings lie in one random plane and have the mean distances of their particles as radii. The way back from the
    rings is the way there with the particles exchanged, and an even permutation leaves the sign as it is.

    The connection of a beryllium atom's cells is of this kind: where both pairs lie across the nucleus at equal
    distances, the configuration 2s^2 vanishes and 2p^2 does not, the less so the more parallel they are.
    """
    axes = torch.randn(2, len(x), 1, x.shape[-1], generator=generator, dtype=x.dtype, device=x.device)
    first = axes[0] / axes[0].norm(dim=-1, keepdim=True)
    second = axes[1] - (axes[1] * first).sum(-1, keepdim=True) * first
    second = second / second.norm(dim=-1, keepdim=True)
    t = torch.linspace(0, 1, points, dtype=x.dtype, device=x.device)[:, None, None, None]
    there, around = x.repeat(points, 1, 1, 1), x.repeat(points, 1, 1, 1)
    for cycle in cycles:
        members, size = list(cycle), len(cycle)
        radius = (x[:, members] - centre).norm(dim=-1, keepdim=True).mean(1, keepdim=True)
        phase = 2 * math.pi * torch.rand(len(x), 1, 1, generator=generator, dtype=x.dtype, device=x.device)
        places = torch.arange(size, dtype=x.dtype, device=x.device)[:, None]
        angle = phase + 2 * math.pi / size * (places + t)
        ring = centre + radius * (torch.cos(angle) * first + torch.sin(angle) * second)
        there[:, :, members] = (1 - t) * x[:, members] + t * ring[0]
        around[:, :, members] = ring
    resting = [i for i in range(x.shape[1]) if not any(i in cycle for cycle in cycles)]
    around[:, :, resting] = x[:, resting]
    return torch.cat((there, around))


def _draw(count: int, generator: torch.Generator) -> int:
    return int(torch.randint(count, (), generator=generator, device=generator.device))


def _across(arm: Tensor, generator: torch.Generator) -> Tensor:
    """Random vectors perpendicular to others, of equal lengths."""
    noise = torch.randn(arm.shape, generator=generator, dtype=arm.dtype, device=arm.device)
    unit = arm / arm.norm(dim=-1, keepdim=True)
    noise = noise - (noise * unit).sum(-1, keepdim=True) * unit
    return noise / noise.norm(dim=-1, keepdim=True) * arm.norm(dim=-1, keepdim=True)


def _same_sign(psi: Callable[[Any], LogPsi], path: Tensor) -> Tensor:
    """Whether psi keeps its sign along each of the paths ``(points, batch, n, d)``, also between the points.

    Two nodes between the same two points leave the sign as it was; but psi is then at least four times smaller at one
    of these than at the point before or behind it, and no path is trusted along which it changes so fast.
    """
    signs, logs = (part.reshape(path.shape[:2]) for part in psi(path.flatten(0, 1)))
    smooth = (logs.diff(dim=0).abs() < FASTEST).all(0)
    return (signs == signs[:1]).all(0) & (signs[0] != 0) & smooth


def _step(psi: Callable[[Any], LogPsi], x: Tensor, generator: torch.Generator, width: float = 0.3) -> Tensor:
    """A Metropolis move of the walkers, refused where the straight way to it changes the sign."""
    y = x + width * torch.randn(x.shape, generator=generator, dtype=x.dtype, device=x.device)
    t = torch.linspace(0, 1, 9, dtype=x.dtype, device=x.device)[:, None, None, None]
    uniform = torch.rand(len(x), generator=generator, dtype=torch.float64, device=x.device)
    take = (uniform.log() < 2 * (psi(y).log - psi(x).log)) & _same_sign(psi, x + t * (y - x))
    return torch.where(take[:, None, None], y, x)


def _generated(group: set[Order], new: Order) -> set[Order]:
    """The group that a group and one more permutation generate."""
    generators, found = [*group, new], set(group)
    frontier = {new}
    while frontier:
        found |= frontier
        frontier = {tuple(p[i] for i in g) for p in frontier for g in generators} - found
    return found
