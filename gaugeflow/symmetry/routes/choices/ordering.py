"""Particles in the order of a fixed sum of their numbers: the canonical form under permutations."""

from __future__ import annotations

from itertools import groupby, permutations, product

import torch
from torch import Tensor

from gaugeflow.symmetry.actions.groups import Element, InfiniteGroup
from gaugeflow.symmetry.actions.particles import EdgeIndex, ParticleValue, species_of
from gaugeflow.symmetry.actions.permutations import Permutations, permutation_sign
from gaugeflow.symmetry.actions.values import Tree, leaves
from gaugeflow.symmetry.routes.choices.chosen import Chosen
from gaugeflow.symmetry.routes.choices.templates import template
from gaugeflow.symmetry.routes.values.reading import precision_of

__all__ = ["ordered"]

_MOST_TIED = 7


def ordered(group: Permutations, x: Tree, tolerance: float) -> Chosen:
    """The permutation that sorts the particles, within each species if the group exchanges no others.

    The key is a fixed sum of the numbers of each particle: its place along a direction. Particles of one key within
    `tolerance` machine epsilons cannot be told apart, and all their orders are averaged: a signed function of two
    equal particles is zero. What the function returns jumps where two keys cross.

    Raises:
        InfiniteGroup: too many particles of one key.
    """
    dtype = precision_of(x)
    key = _key(x).to(dtype)
    species = species_of(x).to(key.device) if group.within_species else torch.zeros_like(key, dtype=torch.long)
    particles = _sorted_by(key, species)
    places = _sorted_by(torch.arange(key.shape[1], device=key.device).expand_as(key), species)
    blocks = _tied(key.gather(1, particles), species.gather(1, particles), tolerance * torch.finfo(dtype).eps)
    entry, arranged = _arrangements(particles, blocks)
    order = torch.empty_like(arranged).scatter_(1, places[entry], arranged)
    sign = permutation_sign(order) if group.sign else torch.ones(len(order), dtype=dtype, device=order.device)
    element = Element(((group, {"order": order.argsort(1), "sign": sign.to(dtype)}),))
    weight = 1 / torch.bincount(entry, minlength=len(key)).to(dtype)[entry]
    return Chosen(element, entry, weight)


def _key(x: Tree) -> Tensor:
    """A fixed sum of the numbers of every particle, `(batch, n)`; pairs count with the sum over the partner."""
    parts = []
    for leaf in leaves(x):
        if isinstance(leaf, ParticleValue) and not isinstance(leaf, EdgeIndex):
            for tensor in leaf.tensors:
                real = torch.view_as_real(tensor) if tensor.is_complex() else tensor
                summed = real.sum(2) if leaf.particle_axes == 2 else real
                parts.append(summed.reshape(*summed.shape[:2], -1))
    numbers = torch.cat([part.detach().double() for part in parts], dim=2)
    return numbers @ template((numbers.shape[2],), numbers)


def _sorted_by(key: Tensor, species: Tensor) -> Tensor:
    by_key = key.argsort(dim=1, stable=True)
    return by_key.gather(1, species.gather(1, by_key).argsort(dim=1, stable=True))


def _tied(key: Tensor, species: Tensor, tolerance: float) -> Tensor:
    """The number of the block of equal keys in which each place of the sorted list stands, `(batch, n)`."""
    scale = key.abs().amax(1, keepdim=True)
    apart = (key.diff(dim=1) > tolerance * scale) | (species.diff(dim=1) != 0)
    return torch.cat([torch.zeros_like(apart[:, :1], dtype=torch.long), apart.cumsum(1)], dim=1)


def _arrangements(particles: Tensor, blocks: Tensor) -> tuple[Tensor, Tensor]:
    """The sorted lists of particles with every order inside the blocks: (entry, list), `(size,)` and `(size, n)`."""
    if bool((blocks.diff(dim=1) > 0).all()):
        return torch.arange(len(particles), device=particles.device), particles
    numbers, lists = [], []
    for number, (row, block) in enumerate(zip(particles.tolist(), blocks.tolist(), strict=True)):
        groups = [[row[i] for i in run] for _, run in groupby(range(len(row)), key=block.__getitem__)]
        if max(map(len, groups)) > _MOST_TIED:
            raise InfiniteGroup(
                f"expected at most {_MOST_TIED} particles that cannot be told apart, got {max(map(len, groups))}"
            )
        for choice in product(*(permutations(run) for run in groups)):
            numbers.append(number)
            lists.append([particle for run in choice for particle in run])
    return torch.tensor(numbers, device=particles.device), torch.tensor(lists, device=particles.device)
