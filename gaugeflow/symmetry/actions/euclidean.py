"""Motions of points in d dimensions: E(d), rotations with and without reflections, translations."""

from __future__ import annotations

from typing import ClassVar

import torch

from gaugeflow.symmetry.actions.fields import LatticeValue
from gaugeflow.symmetry.actions.groups import GROUPS, Group, Parameters, refused, represent, trivial
from gaugeflow.symmetry.actions.haar import haar_orthogonal
from gaugeflow.symmetry.actions.particles import EdgeIndex, PairFeatures, PointFeatures, Points, dimension_of
from gaugeflow.symmetry.actions.scalars import CartesianTensors, Cell, Scalars, rotate
from gaugeflow.symmetry.actions.values import Tree, Value, leaves

__all__ = ["Euclidean"]


class Euclidean(Group):
    """x -> R x + shift with a Haar-distributed R and a normal shift: E(d), and its subgroups by the switches.

    Args:
        rotations: R is not the identity.
        reflections: R in O(d) rather than SO(d).
        translations: the shift, in units of the spread of the points.
    """

    name = "euclidean"
    listed: ClassVar[bool] = False
    """Whether these are finitely many motions, which `every` lists, as those of a point group."""

    def __init__(self, rotations: bool = True, reflections: bool = True, translations: bool = True) -> None:
        self.rotations = rotations
        self.reflections = reflections
        self.translations = translations

    def label(self) -> str:
        names = {
            (True, True, True): "E(d)",
            (True, False, True): "SE(d)",
            (True, True, False): "O(d)",
            (True, False, False): "SO(d)",
            (False, False, True): "translations of points",
        }
        return names.get((self.rotations, self.reflections, self.translations), "motions")

    def draw(self, x: Tree, size: int, generator: torch.Generator) -> Parameters:
        d = dimension_of(x)
        rotation = torch.eye(d, dtype=torch.float64).expand(size, d, d)
        if self.rotations:
            rotation = haar_orthogonal(size, d, generator, self.reflections)
        shift = torch.randn((size, d), generator=generator, dtype=torch.float64) * _spread(x)
        return {"rotation": rotation, "shift": shift if self.translations else torch.zeros_like(shift)}

    def inverse(self, g: Parameters) -> Parameters:
        back = g["rotation"].mT
        return {"rotation": back, "shift": -(back @ g["shift"].unsqueeze(-1)).squeeze(-1)}

    def compose(self, g: Parameters, h: Parameters) -> Parameters:
        """R_g (R_h x + shift_h) + shift_g."""
        moved = (g["rotation"] @ h["shift"].unsqueeze(-1)).squeeze(-1)
        return {"rotation": g["rotation"] @ h["rotation"], "shift": moved + g["shift"]}


def _spread(x: Tree) -> float:
    points = [leaf.data for leaf in leaves(x) if isinstance(leaf, Points)]
    spread = float(points[0].double().square().mean().sqrt()) if points else 1.0
    return spread or 1.0


@represent(Euclidean, Points)
def _(g: Parameters, points: Points) -> Points:
    return points.with_data(rotate(points.data, g["rotation"], 1) + g["shift"].unsqueeze(1))


@represent(Euclidean, PointFeatures)
@represent(Euclidean, PairFeatures)
@represent(Euclidean, CartesianTensors)
def _(g: Parameters, value: PointFeatures) -> Value:
    return value.with_data(rotate(value.data, g["rotation"], value.rank, value.pseudo))


trivial(Euclidean, EdgeIndex)


@represent(Euclidean, Cell)
def _(g: Parameters, cell: Cell) -> Cell:
    return cell.with_data(rotate(cell.data, g["rotation"], 1))


@represent(Euclidean, Scalars)
def _(g: Parameters, value: Scalars) -> Scalars:
    if "parity" not in value.odd:
        return value
    det = torch.linalg.det(g["rotation"]).sign().to(value.data.dtype)
    return value.with_data(value.data * det.reshape(-1, *[1] * (value.data.ndim - 1)))


refused(
    Euclidean, LatticeValue, reason="a lattice has no rotations by any angle; hypercubic, cyclic and dihedral fit it"
)

GROUPS.update(
    {
        "euclidean": Euclidean,
        "orthogonal": lambda: Euclidean(translations=False),
        "rotations": lambda: Euclidean(reflections=False, translations=False),
        "point-translations": lambda: Euclidean(rotations=False, reflections=False),
    }
)
