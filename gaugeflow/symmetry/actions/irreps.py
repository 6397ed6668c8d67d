"""Features made of irreducible parts of O(3), of a package that has them: anything with `dim` and `D_from_matrix`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import torch

from gaugeflow.symmetry.actions.euclidean import Euclidean
from gaugeflow.symmetry.actions.groups import Parameters, represent
from gaugeflow.symmetry.actions.values import Value

__all__ = ["IrrepFeatures", "irreps_type"]


@dataclass(frozen=True, eq=False)
class IrrepFeatures(Value, abstract=True):
    """Features `(batch, ..., irreps.dim)`; `irreps` says how large they are, and `irreps.D_from_matrix(R)` how a
    rotation or reflection acts on them, as `e3nn.o3.Irreps` does."""

    irreps: Any = None

    def validate(self) -> None:
        if self.data.ndim < 2 or self.data.shape[-1] != self.irreps.dim:
            raise ValueError(
                f"{self.name}: expected shape (batch, ..., {self.irreps.dim}) for {self.irreps}, got "
                f"{tuple(self.data.shape)}"
            )


def irreps_type(irreps: Any) -> partial[IrrepFeatures]:
    """What reads a tensor as features of these irreps."""
    return partial(IrrepFeatures, irreps=irreps)


@represent(Euclidean, IrrepFeatures)
def _(g: Parameters, value: IrrepFeatures) -> IrrepFeatures:
    matrices = value.irreps.D_from_matrix(g["rotation"].double().cpu()).to(value.data)
    return value.with_data(torch.einsum("bij,b...j->b...i", matrices, value.data))
