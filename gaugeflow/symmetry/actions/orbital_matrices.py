"""Molecules, and matrices in a basis of atomic orbitals: how rotations, reflections and exchanges of atoms act.

A basis has shells at each atom, each of an angular momentum l with 2 l + 1 real spherical harmonics. A rotation mixes
those of a shell by a Wigner matrix, and a matrix H in the basis becomes D H D^T.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import torch
from torch import Tensor

from gaugeflow.symmetry.actions.euclidean import Euclidean
from gaugeflow.symmetry.actions.gauge import Centre, ChargeConjugation, LocalGauge
from gaugeflow.symmetry.actions.groups import Parameters, represent, trivial
from gaugeflow.symmetry.actions.particles import Points
from gaugeflow.symmetry.actions.permutations import Permutations
from gaugeflow.symmetry.actions.values import Value, largest, wide
from gaugeflow.symmetry.algebra.o3.wigner import wigner_d, wigner_up_to

__all__ = ["ORDERS", "Atoms", "OrbitalMatrices", "Shells", "from_irreps"]

Shells = tuple[tuple[int, ...], ...]
"""The angular momenta of the shells of each atom, in the order of the basis."""

ORDERS = ("pyscf", "m", "e3nn")
"""Orders of the functions of a shell: m = -l ... l about z, and p as x, y, z ("pyscf"); m = -l ... l for p too ("m");
those of `wigner_d`, about y ("e3nn")."""

_STEP = 0.05


@dataclass(frozen=True, eq=False)
class Atoms(Points):
    """Nuclei `(batch, n, 3)`. Permutations within species exchange atoms of equal `kinds`, by default all of them."""

    kinds: tuple[int, ...] = ()

    def validate(self) -> None:
        super().validate()
        if self.kinds and len(self.kinds) != self.data.shape[1]:
            raise ValueError(f"{self.name}: expected a kind for each of {self.data.shape[1]} atoms, got {self.kinds}")

    def species(self) -> Tensor | None:
        return torch.tensor(self.kinds).expand(len(self.data), -1) if self.kinds else None

    def random_like(self, generator: torch.Generator) -> Self:
        """The same molecule with its atoms moved a little: at random places nuclei might come too near."""
        noise = torch.randn(self.data.shape, dtype=torch.float64, generator=generator).to(self.data.device)
        data = wide(self.data)
        return replace(self, data=data + _STEP * data.std() * noise)

    def sizes(self) -> dict[str, int]:
        """None may shrink: a molecule is a whole."""
        return {}


@dataclass(frozen=True, eq=False)
class OrbitalMatrices(Value, abstract=True):
    """Matrices `(batch, F, F)` in a basis of F atomic orbitals, such as those of Fock or of overlaps.

    A block of two shells is judged in the unit of the two blocks on the diagonal, the root of the product of their
    largest entries: many blocks vanish by themselves.

    Attributes:
        shells: of each atom, as ((0, 0, 1), (0,), (0,)) for water in STO-3G.
        order: of the functions of a shell, one of `ORDERS`.
    """

    shells: Shells = ()
    order: str = "pyscf"

    def validate(self) -> None:
        if self.order not in ORDERS:
            raise ValueError(f"{self.name}: expected one of the orders {', '.join(ORDERS)}, got {self.order!r}")
        size = sum(self.extents)
        if tuple(self.data.shape[1:]) != (size, size):
            raise ValueError(
                f"{self.name}: expected shape (batch, {size}, {size}) for shells {self.shells}, got "
                f"{tuple(self.data.shape)}"
            )

    @property
    def extents(self) -> list[int]:
        """2 l + 1 of every shell, one after the other."""
        return [2 * l + 1 for atom in self.shells for l in atom]

    def distance(self, other: Self) -> Tensor:
        (difference,) = self.differences(other)
        return self._by_block(difference)

    def magnitude(self) -> Tensor:
        size = len(self.extents)
        own = self._by_block(wide(self.data)).reshape(-1, size, size).diagonal(dim1=1, dim2=2)
        return (own.unsqueeze(2) * own.unsqueeze(1)).sqrt().flatten(1)

    def _by_block(self, data: Tensor) -> Tensor:
        """The largest modulus in the block of each two shells, `(batch, shells * shells)`."""
        blocks = [block for rows in data.split(self.extents, 1) for block in rows.split(self.extents, 2)]
        return torch.cat([largest(block.flatten(1)[:, None]) for block in blocks], 1)


def from_irreps(l: int, order: str) -> Tensor:
    """The functions of a shell in terms of those of `wigner_d`, an orthogonal matrix `(2 l + 1, 2 l + 1)`.

    About z instead of y: the place (x, y, z) there is (y, z, x) here.
    """
    cyclic = torch.eye(3, dtype=torch.float64).roll(1, 1)
    same = order == "e3nn" or (order == "pyscf" and l == 1)
    return wigner_d(l, torch.eye(3, dtype=torch.float64) if same else cyclic)


@represent(Euclidean, OrbitalMatrices)
def _(g: Parameters, value: OrbitalMatrices) -> OrbitalMatrices:
    shells = [l for atom in value.shells for l in atom]
    of_degree = wigner_up_to(max(shells), g["rotation"])
    whole = g["rotation"].new_zeros(len(value.data), sum(value.extents), sum(value.extents))
    first = 0
    for l in shells:
        own = from_irreps(l, value.order).to(whole)
        last = first + 2 * l + 1
        whole[:, first:last, first:last] = own @ of_degree[l] @ own.mT
        first = last
    whole = whole.to(value.data)
    return value.with_data(whole @ value.data @ whole.mT)


@represent(Permutations, OrbitalMatrices)
def _(g: Parameters, value: OrbitalMatrices) -> OrbitalMatrices:
    """Atom i of the new matrix is atom `order[i]` of the old one, with all its functions."""
    order = g["order"]
    sizes = torch.tensor([sum(2 * l + 1 for l in atom) for atom in value.shells], device=order.device)
    kinds = torch.tensor([sorted(set(value.shells)).index(atom) for atom in value.shells], device=order.device)
    if order.shape[1] != len(sizes) or bool((kinds[order] != kinds).any()):
        raise ValueError(
            f"{value.name}: expected an exchange of {len(sizes)} atoms with equal shells, got one of {value.shells}; "
            "spin-permutations of `Atoms` keep their kinds"
        )
    starts = sizes.cumsum(0) - sizes
    place = torch.arange(len(sizes), device=order.device).repeat_interleave(sizes)
    index = starts[order[:, place]] + torch.arange(len(place), device=order.device) - starts[place]
    rows = torch.take_along_dim(value.data, index.unsqueeze(2), 1)
    return value.with_data(torch.take_along_dim(rows, index.unsqueeze(1), 2))


for group in (LocalGauge, Centre, ChargeConjugation):
    trivial(group, OrbitalMatrices)
