"""One site or particle, whatever is further from it than a distance, and inputs in which either has been replaced."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import torch
from torch import Tensor

from gaugeflow.symmetry.actions.fields import LatticeValue, lattice_of, site_axes
from gaugeflow.symmetry.actions.particles import EdgeIndex, ParticleValue, Points
from gaugeflow.symmetry.actions.scalars import Cell
from gaugeflow.symmetry.actions.values import Tree, Value, batch_size, device_of, leaves, map_leaves
from gaugeflow.symmetry.checks.trials.subject import Unusable
from gaugeflow.symmetry.checks.trials.trials import random_like
from gaugeflow.symmetry.reports.findings import Verdict

__all__ = ["Regions", "regions"]

_MOVE = 0.3


@dataclass(frozen=True)
class Regions:
    """`here` is one site or particle of each entry and `far` all beyond the distance, booleans `(batch, *places)`;
    `other` is the input with all that has a place replaced."""

    here: Tensor
    far: Tensor
    other: Tree

    def replaced(self, x: Tree, here: bool = False, far: bool = False) -> Tree:
        """`x` with what is here, or far, or both, replaced."""
        others = iter(leaves(self.other))
        mask = (self.here & here) | (self.far & far)
        return map_leaves(lambda leaf: self._mixed(leaf, next(others), mask), x)

    def kept(self, y: Tree, reference: Tree) -> Tree:
        """The fields and features of `y` here, those of `reference` elsewhere."""
        others = iter(leaves(reference))
        return map_leaves(lambda leaf: self._mixed(next(others), leaf, self.here), y)

    def _mixed(self, leaf: Value, other: Value, mask: Tensor) -> Value:
        if not self.has_place(leaf):
            return leaf
        axes = site_axes(leaf, mask.ndim - 1) if isinstance(leaf, LatticeValue) else (1,)
        extents = [leaf.data.shape[axis] for axis in axes if axis < leaf.data.ndim]
        if extents != [*mask.shape[1:]]:
            message = f"expected {leaf.name} with the places {[*mask.shape[1:]]} of the input, got {extents}"
            raise Unusable(Verdict.WRONG_SHAPE, message)
        shape = [leaf.data.shape[axis] if axis in (0, *axes) else 1 for axis in range(leaf.data.ndim)]
        return leaf.with_data(torch.where(mask.reshape(shape), other.data, leaf.data))

    @staticmethod
    def has_place(leaf: Value) -> bool:
        single = isinstance(leaf, ParticleValue) and leaf.particle_axes == 1 and not isinstance(leaf, EdgeIndex)
        return single or isinstance(leaf, LatticeValue)


def regions(x: Tree, radius: float, generator: torch.Generator) -> Regions:
    """A random site or particle of each entry, of those that have anything beyond `radius` if there are any."""
    points = [leaf for leaf in leaves(x) if isinstance(leaf, Points)]
    if points:
        return _of_particles(x, points[0].data, radius, generator)
    if any(isinstance(leaf, LatticeValue) for leaf in leaves(x)):
        return _of_sites(x, radius, generator)
    raise ValueError(
        f"expected points or fields on a lattice, got {', '.join(leaf.name for leaf in leaves(x))}: nothing else has a "
        "distance"
    )


def _of_sites(x: Tree, radius: float, generator: torch.Generator) -> Regions:
    """Periodic distances are the largest number of steps along any axis."""
    shape, batch = lattice_of(x)[0], batch_size(x)
    far = torch.zeros(batch, *shape, dtype=torch.bool)
    here = torch.ones_like(far)
    for axis, extent in enumerate(shape):
        steps = (torch.arange(extent) - torch.randint(extent, (batch, 1), generator=generator)).abs()
        steps = torch.minimum(steps, extent - steps)
        along = [batch, *(extent if k == axis else 1 for k in range(len(shape)))]
        far |= (steps > radius).reshape(along)
        here &= (steps == 0).reshape(along)
    device = device_of(x)
    return Regions(here.to(device), far.to(device), random_like(x, generator))


def _of_particles(x: Tree, r: Tensor, radius: float, generator: torch.Generator) -> Regions:
    """Everything moves by a fraction of the radius; far is what is beyond the radius before and after the moves."""
    cells = [leaf.data for leaf in leaves(x) if isinstance(leaf, Cell)]
    moves = _MOVE * radius * torch.randn(r.shape, generator=generator, dtype=torch.float64).to(r)
    other = map_leaves(lambda leaf: leaf.with_data(r + moves) if isinstance(leaf, Points) else leaf, x)
    noise = iter(leaves(random_like(x, generator)))
    other = map_leaves(lambda leaf: _features(leaf, next(noise)), other)
    nearest = torch.full((len(r), r.shape[1], r.shape[1]), torch.inf, dtype=torch.float64, device=r.device)
    for a, b in product((r, r + moves), repeat=2):
        nearest = torch.minimum(nearest, _distances(a, b, cells[0] if cells else None))
    beyond = nearest > radius
    score = torch.rand(r.shape[:2], generator=generator, dtype=torch.float64).to(r.device) + beyond.any(2)
    chosen = score.argmax(1)
    here = torch.nn.functional.one_hot(chosen, r.shape[1]).bool()
    return Regions(here, beyond[torch.arange(len(r)), chosen], other)


def _features(leaf: Value, noise: Value) -> Value:
    return noise if Regions.has_place(leaf) and not isinstance(leaf, Points) else leaf


def _distances(a: Tensor, b: Tensor, cell: Tensor | None) -> Tensor:
    """Distances `(batch, n, n)` from a to b, in a cell those to the nearest image of the neighbouring cells."""
    apart = (b.unsqueeze(1) - a.unsqueeze(2)).double()
    if cell is None:
        return apart.norm(dim=-1)
    inside = apart @ torch.linalg.inv(cell.double()).unsqueeze(1)
    apart = (inside - inside.round()) @ cell.double().unsqueeze(1)
    images = torch.tensor([*product((-1.0, 0.0, 1.0), repeat=cell.shape[-1])], dtype=torch.float64, device=a.device)
    shifts = (images @ cell.double())[:, None, None]
    return (apart.unsqueeze(3) + shifts).norm(dim=-1).amin(3)
