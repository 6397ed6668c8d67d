"""The symmetric group on particles, with and without the sign, across species and within them."""

from __future__ import annotations

import math
from itertools import permutations

import torch
from torch import Tensor

from gaugeflow.symmetry.actions.fields import LatticeValue
from gaugeflow.symmetry.actions.groups import GROUPS, Group, InfiniteGroup, Parameters, represent, trivial
from gaugeflow.symmetry.actions.particles import (
    EdgeIndex,
    Electrons,
    PairFeatures,
    ParticleValue,
    particles_of,
    species_of,
)
from gaugeflow.symmetry.actions.scalars import CartesianTensors, Scalars, SignedLog
from gaugeflow.symmetry.actions.values import Tree

__all__ = ["Permutations", "permutation_sign"]


class Permutations(Group):
    """S_n: particle i of the new configuration is particle `order[i]` of the old one.

    Args:
        sign: scalars and signed logarithms are multiplied by the sign of the permutation (fermions).
        within_species: only particles of equal spin are exchanged. Otherwise all are; spins that are given as a
            tensor move along with their electrons.
    """

    name = "permutations"

    def __init__(self, sign: bool = False, within_species: bool = False) -> None:
        self.sign = sign
        self.within_species = within_species

    def label(self) -> str:
        return ("signed " if self.sign else "") + "permutations" + (" within species" if self.within_species else "")

    def draw(self, x: Tree, size: int, generator: torch.Generator) -> Parameters:
        n = particles_of(x)
        species = species_of(x).cpu() if self.within_species else torch.zeros(1, n, dtype=torch.long)
        species = species[:1].expand(size, n) if len(species) != size else species
        places, sources = (
            (species + torch.rand((size, n), generator=generator, dtype=torch.float64)).argsort(1) for _ in range(2)
        )
        order = torch.empty_like(places).scatter_(1, places, sources)
        sign = permutation_sign(order) if self.sign else torch.ones(size, dtype=torch.float64)
        return {"order": order, "sign": sign}

    def inverse(self, g: Parameters) -> Parameters:
        return g | {"order": g["order"].argsort(1)}

    def compose(self, g: Parameters, h: Parameters) -> Parameters:
        return {"order": h["order"].gather(1, g["order"]), "sign": g["sign"] * h["sign"]}

    def every(self, x: Tree) -> Parameters:
        n = particles_of(x)
        if self.order(x) is None:
            raise InfiniteGroup(f"expected at most 12 particles where all permutations are needed, got {n}")
        species = species_of(x).cpu() if self.within_species else torch.zeros(1, n, dtype=torch.long)
        if bool((species != species[:1]).any()):
            raise ValueError("expected the same spins in all entries where all permutations are needed, got different")
        order = torch.arange(n).expand(1, n)
        for kind in species[0].unique().tolist():  # each list of before with each permutation of one more species
            same = (species[0] == kind).nonzero().flatten().tolist()
            permuted = torch.tensor(list(permutations(same)))
            order = order.repeat(len(permuted), 1)
            order[:, same] = permuted.repeat_interleave(len(order) // len(permuted), 0)
        sign = permutation_sign(order) if self.sign else torch.ones(len(order), dtype=torch.float64)
        return {"order": order, "sign": sign}

    def order(self, x: Tree) -> int | None:
        n = particles_of(x)
        if not self.within_species:
            return math.factorial(n) if n < 13 else None
        counts = torch.bincount(species_of(x)[0]).tolist()
        return math.prod(math.factorial(c) for c in counts) if n < 13 else None


def permutation_sign(order: Tensor) -> Tensor:
    """+1.0 or -1.0 for each permutation `(size, n)`, from the number of its inversions."""
    later_is_smaller = torch.triu(order.unsqueeze(2) > order.unsqueeze(1), diagonal=1)
    return 1.0 - 2.0 * (later_is_smaller.sum((1, 2)) % 2).double()


def _take(data: Tensor, order: Tensor, axis: int) -> Tensor:
    index = order.reshape(len(order), *[1] * (axis - 1), -1, *[1] * (data.ndim - axis - 1))
    return torch.take_along_dim(data, index.expand(*data.shape[:axis], -1, *data.shape[axis + 1 :]), axis)


@represent(Permutations, ParticleValue)
def _(g: Parameters, value: ParticleValue) -> ParticleValue:
    return value.with_data(_take(value.data, g["order"], 1))


@represent(Permutations, PairFeatures)
def _(g: Parameters, value: PairFeatures) -> PairFeatures:
    return value.with_data(_take(_take(value.data, g["order"], 1), g["order"], 2))


@represent(Permutations, EdgeIndex)
def _(g: Parameters, edges: EdgeIndex) -> EdgeIndex:
    """Particle `order[i]` is called i from now on."""
    names = g["order"].argsort(1)
    if edges.data.numel() and int(edges.data.max()) >= names.shape[1]:
        raise ValueError(f"edge_index: expected particles below {names.shape[1]}, got {int(edges.data.max())}")
    return edges.with_data(names.gather(1, edges.data.flatten(1)).reshape(edges.data.shape).to(edges.data.dtype))


@represent(Permutations, Electrons)
def _(g: Parameters, value: Electrons) -> Electrons:
    return value.map(lambda t: _take(t, g["order"], 1))


@represent(Permutations, Scalars)
def _(g: Parameters, value: Scalars) -> Scalars:
    sign = g["sign"].to(value.data.dtype if value.data.is_floating_point() else torch.float64)
    return value.with_data(value.data * sign.reshape(-1, *[1] * (value.data.ndim - 1)))


@represent(Permutations, SignedLog)
def _(g: Parameters, value: SignedLog) -> SignedLog:
    sign = g["sign"].to(value.data.dtype).reshape(-1, *[1] * (value.data.ndim - 1))
    return SignedLog(value.sign * sign, value.data)


trivial(Permutations, LatticeValue, CartesianTensors)

GROUPS.update(
    {
        "permutations": Permutations,
        "spin-permutations": lambda: Permutations(within_species=True),
        "fermions": lambda: Permutations(sign=True),
        "spin-fermions": lambda: Permutations(sign=True, within_species=True),
    }
)
