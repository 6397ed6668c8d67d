"""Numbers of atoms and of pairs of atoms that turn as irreducible parts: densities of neighbours, and products."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from gaugeflow.symmetry.algebra.o3.clebsch_gordan import clebsch_gordan
from gaugeflow.symmetry.algebra.o3.harmonics import spherical_harmonics

__all__ = ["Descriptors", "Surroundings"]

Parts = list[Tensor]
"""For l = 0, 1, ...: numbers ``(..., K, 2 l + 1)``."""


@dataclass(frozen=True)
class Descriptors:
    """Which numbers there are: of each bond up to ``x^radial`` with ``x = exp(-r / length)``, times Y_0 ... Y_l_max.

    A sum of such numbers over the neighbours of an atom, one for each element, is its density. Numbers of an atom are
    the density and the products of two, those of a pair of atoms its bond and the products of the bond with either
    density: three bodies at most (arXiv:1709.06757; for pairs arXiv:2109.12083).
    """

    radial: int = 3
    l_max: int = 3
    length: float = 2.0


class Surroundings:
    """The bonds and densities of molecules, from which descriptors are made.

    Args:
        positions: in bohr, ``(batch, n, 3)``.
        charges: of the nuclei, ``(n,)``.
        elements: charges for which there are densities.
    """

    def __init__(self, descriptors: Descriptors, positions: Tensor, charges: list[int], elements: list[int]) -> None:
        apart = positions.unsqueeze(1) - positions.unsqueeze(2)  # from i to j
        near = 1.0 - torch.eye(len(charges), dtype=positions.dtype)
        x = (-apart.norm(dim=-1) / descriptors.length).exp() * near
        radial = torch.stack([x**k for k in range(1, descriptors.radial + 1)], -1).unsqueeze(-1)
        kinds = torch.tensor([[float(charge == element) for charge in charges] for element in elements])
        degrees = range(descriptors.l_max + 1)
        self.bonds: Parts = [
            radial * spherical_harmonics(l, apart, normalization="component").unsqueeze(-2) for l in degrees
        ]
        self.densities: Parts = [
            torch.einsum("bijkm,ej->biekm", bonds, kinds.to(bonds)).flatten(2, 3) for bonds in self.bonds
        ]

    def of_atoms(self, atoms: list[int], degree: int, natural: bool) -> Tensor:
        """Numbers ``(batch, atoms, K, 2 degree + 1)`` of parity (-1)^degree if they are `natural`, else minus it."""
        own = [density[:, atoms] for density in self.densities]
        constant = [torch.ones_like(own[0][:, :, :1])] if degree == 0 and natural else []
        return _joined([*constant, *_alone(own, degree, natural), *_products(own, own, degree, natural)], own, degree)

    def of_pairs(self, pairs: list[tuple[int, int]], degree: int, natural: bool) -> Tensor:
        """The same of pairs of different atoms, ``(batch, pairs, K, 2 degree + 1)``."""
        first, second = (list(ends) for ends in zip(*pairs, strict=True))
        bonds = [bond[:, first, second] for bond in self.bonds]
        found = list(_alone(bonds, degree, natural))
        for ends in (first, second):
            found += _products(bonds, [density[:, ends] for density in self.densities], degree, natural)
        return _joined(found, bonds, degree)


def _alone(parts: Parts, degree: int, natural: bool) -> Iterator[Tensor]:
    if natural and degree < len(parts):
        yield parts[degree]


def _products(left: Parts, right: Parts, degree: int, natural: bool) -> Iterator[Tensor]:
    """The part of this degree and parity of each product of two numbers; once, if left and right are the same."""
    for l, a in enumerate(left):
        for k, b in enumerate(right):
            twice = left is right and k < l
            if not twice and abs(l - k) <= degree <= l + k and ((l + k - degree) % 2 == 0) is natural:
                coupling = clebsch_gordan(l, k, degree).to(a) * (2 * degree + 1) ** 0.5
                yield torch.einsum("...am,...bn,mnk->...abk", a, b, coupling).flatten(-3, -2)


def _joined(found: list[Tensor], like: Parts, degree: int) -> Tensor:
    nothing = like[0].new_zeros(*like[0].shape[:-2], 0, 2 * degree + 1)
    return torch.cat([nothing, *found], -2)
