"""Features made of irreducible parts of O(3): a text says which, and how a rotation or reflection acts on them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Self

import torch
from torch import Tensor

from gaugeflow.symmetry.actions.euclidean import Euclidean
from gaugeflow.symmetry.actions.gauge import Centre, ChargeConjugation, LocalGauge
from gaugeflow.symmetry.actions.groups import Parameters, represent, trivial
from gaugeflow.symmetry.actions.particles import ParticleValue
from gaugeflow.symmetry.actions.permutations import Permutations
from gaugeflow.symmetry.actions.values import TEXTS, Value, largest, wide
from gaugeflow.symmetry.algebra.o3.wigner import wigner_up_to

__all__ = ["IrrepFeatures", "Irreps", "PointIrreps"]

_PART = re.compile(r"(?:(\d+)\s*x\s*)?(\d+)([eo])")


class Irreps:
    """A direct sum of irreducible representations of O(3), such as "2x0e+1x1o": two scalars and a vector.

    Each part is `multiplicity x l parity`, e for even and o for odd under the inversion. The components of a part are
    those of `wigner_d`: the text means what it means to e3nn, and `str` of any object may say it, such as the
    `irreps_in` of a module. A `ValueError` where it does not.

    Called with a tensor it makes a value of it, so that it serves wherever the type of an output is asked for.

    >>> import torch
    >>> from gaugeflow.symmetry import Irreps, assert_equivariant
    >>> x = torch.randn(4, 5, generator=torch.Generator().manual_seed(0))
    >>> def scaled(x):
    ...     return x[:, 2:] * x[:, :1]
    >>> assert_equivariant(scaled, Irreps("2x0e+1x1o")(x), "orthogonal", out=Irreps("1x1o")).holds
    True
    """

    def __init__(self, irreps: Any) -> None:
        parts = [_PART.fullmatch(part.strip()) for part in str(irreps).split("+")]
        if None in parts:
            raise ValueError(f"expected irreps such as '2x0e+1x1o', got {str(irreps)!r}")
        self.parts = tuple((int(part[1] or 1), int(part[2]), 1 if part[3] == "e" else -1) for part in parts if part)
        """(multiplicity, l, parity) of each part, the parity 1 or -1."""
        if not self.dim:
            raise ValueError(f"expected irreps with at least one component, got {str(irreps)!r}")

    @property
    def sizes(self) -> list[int]:
        """2 l + 1 of every irreducible part, one after the other."""
        return [2 * l + 1 for multiplicity, l, _ in self.parts for _ in range(multiplicity)]

    @property
    def dim(self) -> int:
        """The number of components."""
        return sum(self.sizes)

    def D_from_matrix(self, rotation: Tensor) -> Tensor:
        """The matrices `(..., dim, dim)` of rotations and reflections `(..., 3, 3)`."""
        sign = torch.linalg.det(rotation).sign()[..., None, None]
        of_degree = wigner_up_to(max(l for _, l, _ in self.parts), rotation * sign)
        matrices = rotation.new_zeros(*rotation.shape[:-2], self.dim, self.dim)
        first = 0
        for multiplicity, l, parity in self.parts:
            block = of_degree[l] if parity == 1 else of_degree[l] * sign
            for _ in range(multiplicity):
                last = first + 2 * l + 1
                matrices[..., first:last, first:last] = block
                first = last
        return matrices

    def __call__(self, data: Tensor) -> IrrepFeatures:
        """A tensor `(batch, ..., dim)` as features."""
        return IrrepFeatures(data, str(self))

    def of_points(self, data: Tensor) -> PointIrreps:
        """A tensor `(batch, n, ..., dim)` as features of n points, which permutations exchange."""
        return PointIrreps(data, str(self))

    def __str__(self) -> str:
        return "+".join(f"{multiplicity}x{l}{'e' if parity == 1 else 'o'}" for multiplicity, l, parity in self.parts)

    def __repr__(self) -> str:
        return f"Irreps({str(self)!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Irreps) and self.parts == other.parts

    def __hash__(self) -> int:
        return hash(self.parts)


@dataclass(frozen=True, eq=False)
class IrrepFeatures(Value, abstract=True):
    """Features `(batch, ..., dim)` of the `irreps` of a text; every irreducible part is judged by its own size."""

    irreps: str = ""

    def validate(self) -> None:
        dim = Irreps(self.irreps).dim
        if self.data.ndim < 2 or self.data.shape[-1] != dim:
            raise ValueError(
                f"{self.name}: expected shape (batch, ..., {dim}) for {self.irreps}, got {tuple(self.data.shape)}"
            )

    def distance(self, other: Self) -> Tensor:
        (difference,) = self.differences(other)
        return self._by_part(difference)

    def magnitude(self) -> Tensor:
        return self._by_part(wide(self.data))

    def _by_part(self, data: Tensor) -> Tensor:
        """The largest modulus in each irreducible part, `(batch, parts)`."""
        return torch.cat([largest(part.flatten(1)[:, None]) for part in data.split(Irreps(self.irreps).sizes, -1)], 1)


@dataclass(frozen=True, eq=False)
class PointIrreps(ParticleValue, IrrepFeatures, abstract=True):
    """Features `(batch, n, ..., dim)` of each of n points."""

    def validate(self) -> None:
        IrrepFeatures.validate(self)
        if self.data.ndim < 3:
            raise ValueError(f"{self.name}: expected shape (batch, n, ..., dim), got {tuple(self.data.shape)}")


@represent(Euclidean, IrrepFeatures)
def _(g: Parameters, value: IrrepFeatures) -> IrrepFeatures:
    matrices = Irreps(value.irreps).D_from_matrix(g["rotation"]).to(value.data)
    return value.with_data(torch.einsum("bij,b...j->b...i", matrices, value.data))


for group in (LocalGauge, Centre, ChargeConjugation, Permutations):
    trivial(group, IrrepFeatures)

TEXTS[rf"\s*{_PART.pattern}(\s*\+\s*{_PART.pattern})*\s*"] = Irreps
