"""Potential energies in Hartree: functions of coordinates ``(batch, n, d)`` with one value ``(batch,)`` each.

A user's own potential is any such function. One that is homogeneous, ``V(s x) = s^k V(x)``, says so by an attribute
`degree`, for the virial theorem.
"""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from gaugeflow.errors import UserError

__all__ = ["Contact", "Coulomb", "HarmonicPairs", "HarmonicTrap", "InverseSquare", "Nuclei"]

CLOSEST = 1e-3
"""In bohr; nuclei nearer to each other are one by mistake."""


@dataclass(frozen=True)
class HarmonicTrap:
    """``(omega^2/2) sum_i r_i^2`` of ``(batch, n, d)``."""

    degree: ClassVar[int] = 2
    omega: float

    def __call__(self, x: Tensor) -> Tensor:
        return 0.5 * self.omega**2 * x.square().sum((1, 2))


@dataclass(frozen=True)
class HarmonicPairs:
    """``(g/2) sum_{i<j} (r_i - r_j)^2 = (g/2) (n sum_i r_i^2 - (sum_i r_i)^2)`` of ``(batch, n, d)``."""

    degree: ClassVar[int] = 2
    g: float

    def __call__(self, x: Tensor) -> Tensor:
        return 0.5 * self.g * (x.shape[1] * x.square().sum((1, 2)) - x.sum(1).square().sum(-1))


@dataclass(frozen=True)
class Coulomb:
    """The repulsion ``sum_{i<j} 1/r_ij`` of ``(batch, n, d)``."""

    degree: ClassVar[int] = -1

    def __call__(self, x: Tensor) -> Tensor:
        return distances(x).reciprocal().sum(-1)


@dataclass(frozen=True)
class InverseSquare:
    """Calogero's ``lambda (lambda - 1) sum_{i<j} 1/(x_i - x_j)^2`` of ``(batch, n, 1)``."""

    degree: ClassVar[int] = -2
    exponent: float

    def __call__(self, x: Tensor) -> Tensor:
        return self.exponent * (self.exponent - 1) * distances(x).square().reciprocal().sum(-1)


@dataclass(frozen=True)
class Contact:
    """The repulsion ``c sum_{i<j} delta(x_i - x_j)`` of ``(batch, n, 1)``: zero wherever particles do not meet.

    Where they meet it cancels against the kink of psi, whose slope `ContactCusp` gives: together they are finite.

    Raises:
        UserError: c <= 0, an attraction or nothing.
    """

    strength: float

    def __post_init__(self) -> None:
        if not self.strength > 0:
            raise UserError(f"contact: expected a repulsion, a strength c > 0, came {self.strength:g}")

    def __call__(self, x: Tensor) -> Tensor:
        return x.new_zeros(len(x))


class Nuclei:
    """The attraction ``-sum_iI Z_I / |r_i - R_I|`` and the repulsion among the nuclei.

    Args:
        positions: in bohr, ``(I, 3)``.
        charges: Z, ``(I,)``.

    Raises:
        UserError: nuclei closer than CLOSEST, or shapes that do not fit.
    """

    degree: ClassVar[int] = -1

    def __init__(self, positions: Tensor, charges: Tensor) -> None:
        if positions.shape != (len(charges), 3):
            raise UserError(f"nuclei: expected positions ({len(charges)}, 3), came {tuple(positions.shape)}")
        self.positions, self.charges = positions.double(), charges.double()
        apart = distances(self.positions[None])[0]
        i, j = torch.triu_indices(len(charges), len(charges), offset=1)
        if len(apart) and not float(apart.min()) >= CLOSEST:
            k = int(apart.argmin())
            raise UserError(
                f"nuclei: expected them at least {CLOSEST} bohr apart, number {int(i[k]) + 1} and {int(j[k]) + 1} of "
                f"{len(charges)} are {float(apart[k]):.1e} bohr from each other"
            )
        self.repulsion = float((self.charges[i] * self.charges[j] / apart).sum())

    def __call__(self, x: Tensor) -> Tensor:
        apart = (x.unsqueeze(2) - self.positions.to(x)).norm(dim=-1)
        return self.repulsion - (self.charges.to(x) / apart).sum((1, 2))


def distances(x: Tensor) -> Tensor:
    """Between all pairs i < j, ``(batch, n (n-1)/2)``."""
    i, j = torch.triu_indices(x.shape[1], x.shape[1], offset=1, device=x.device)
    return (x[:, i] - x[:, j]).norm(dim=-1)
