"""How many linear maps commute with a group."""

from __future__ import annotations

from typing import Any

import torch

from algebra_rows.acting import adjoint, fundamental, normal, vector
from algebra_rows.row import row
from gaugeflow.symmetry import (
    CartesianTensors,
    Image,
    MatrixGroup,
    PairFeatures,
    Points,
    intertwiners,
    preserving,
    representation,
)

MAPS = "maps that commute"
METRIC = torch.diag(torch.tensor([1.0, -1.0, -1.0, -1.0], dtype=torch.float64))


def between(x: Any, y: Any, group: Any = "global-gauge") -> int:
    return intertwiners(x, y, group).dim


@row(MAPS, "S_5: points to points", 2)
def _() -> int:
    x = Points(normal(1, 5, 1))
    return between(x, x, "permutations")


@row(MAPS, "S_4: pairs to pairs", 15)
def _() -> int:
    x = PairFeatures(normal(1, 4, 4))
    return between(x, x, "permutations")


@row(MAPS, "SO(3): V x V to V", 1)
def _() -> int:
    v = vector("rotations")
    return between(v * v, v, "rotations")


@row(MAPS, "O(3): V x V to V", 0)
def _() -> int:
    v = vector("orthogonal")
    return between(v * v, v, "orthogonal")


@row(MAPS, "SO(3): V x V to V x V", 3)
def _() -> int:
    v = vector("rotations")
    return between(v * v, v * v, "rotations")


@row(MAPS, "SU(2): adj x adj to adj", 1)
def _() -> int:
    return between(adjoint(2) * adjoint(2), adjoint(2))


@row(MAPS, "SU(3): adj x adj to adj", 2)
def _() -> int:
    return between(adjoint(3) * adjoint(3), adjoint(3))


@row(MAPS, "SU(3): 3 x 3 to 3bar", 1)
def _() -> int:
    return between(fundamental(3) * fundamental(3), fundamental(3).dual())


@row(MAPS, "translations of 4 x 4: pictures to pictures", 16)
def _() -> int:
    x = Image(normal(1, 1, 4, 4))
    return between(x, x, "translations")


@row(MAPS, "D4 and translations of 5 x 5: pictures to pictures", 6)
def _() -> int:
    x = Image(normal(1, 1, 5, 5))
    return between(x, x, "d4 * translations")


@row(MAPS, "SO(1,3): vectors to vectors", 1, most=1)
def _() -> int:
    lorentz = MatrixGroup(preserving(METRIC))
    v = representation(CartesianTensors(normal(1, 4)), lorentz)
    return between(v, v, lorentz)


@row(MAPS, "SO(1,3): V x V to V", 0, most=1)
def _() -> int:
    lorentz = MatrixGroup(preserving(METRIC))
    v = representation(CartesianTensors(normal(1, 4)), lorentz)
    return between(v * v, v, lorentz)
