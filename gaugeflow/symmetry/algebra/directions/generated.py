"""The continuous directions of groups.

Those of a group are registered once, as the number of generators and the parameters of the element exp(theta) to first
order::

    @generated(FieldShift)
    def _(group, x):
        return 1, lambda theta: {"c": theta[:, 0]}
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from gaugeflow.symmetry.actions.coordinates import generators
from gaugeflow.symmetry.actions.euclidean import Euclidean
from gaugeflow.symmetry.actions.fields import lattice_of
from gaugeflow.symmetry.actions.gauge import Centre, GlobalGauge, LocalGauge, is_abelian
from gaugeflow.symmetry.actions.groups import Element, Group, Parameters, group_named
from gaugeflow.symmetry.actions.particles import dimension_of
from gaugeflow.symmetry.actions.values import Tree
from gaugeflow.symmetry.algebra.directions.family import Family

__all__ = ["antisymmetric", "family_of", "generated", "near_one"]

Algebra = tuple[int, Callable[[Tensor], Parameters]]

_ALGEBRAS: dict[type[Group], Callable[..., Algebra]] = {}


def generated(group: type[Group]) -> Callable[[Callable[..., Algebra]], Callable[..., Algebra]]:
    """Register `algebra(group, x) -> (size, element)`: the number of generators, and the parameters of the group
    element exp(theta) for theta `(batch, size)`, right to first order."""

    def register(algebra: Callable[..., Algebra]) -> Callable[..., Algebra]:
        _ALGEBRAS[group] = algebra
        return algebra

    return register


def _algebra(group: Group, x: Tree) -> Algebra:
    found = next((_ALGEBRAS[kind] for kind in type(group).__mro__ if kind in _ALGEBRAS), None)
    return (0, lambda theta: {}) if found is None else found(group, x)


def family_of(group: Group | str, x: Tree) -> Family:
    """The continuous directions of a group that acts on `x`; of size 0 for a finite one."""
    group = group_named(group)
    parts = [(part, *_algebra(part, x)) for part in group.parts()]
    parts = [part for part in parts if part[1]]

    def move(tree: Tree, theta: Tensor) -> Tree:
        split = theta.split([size for _, size, _ in parts], dim=1)
        near = zip(parts, split, strict=True)
        return Element(tuple((part, element(part_theta)) for (part, _, element), part_theta in near))(tree)

    return Family(group.label(), sum(size for _, size, _ in parts), move)


def near_one(theta: Tensor, n: int) -> Tensor:
    """1 + i theta_a T_a, `(..., n, n)`, of theta `(..., n^2 - 1)`."""
    algebra = torch.einsum("...a,aij->...ij", theta.to(torch.complex128), generators(n).to(theta.device))
    return torch.eye(n, dtype=torch.complex128, device=theta.device) + 1j * algebra


@generated(LocalGauge)
def _(_: Group, x: Tree) -> Algebra:
    shape, n = lattice_of(x)
    if is_abelian(x):
        return math.prod(shape), lambda theta: {"W": theta.reshape(-1, *shape)}
    return math.prod(shape) * (n * n - 1), lambda theta: {"W": near_one(theta.reshape(len(theta), *shape, -1), n)}


@generated(GlobalGauge)
def _(_: Group, x: Tree) -> Algebra:
    shape, n = lattice_of(x)
    one = [1] * len(shape)
    if is_abelian(x):
        return 1, lambda theta: {"W": theta.reshape(-1, *one).expand(-1, *shape)}
    return n * n - 1, lambda theta: {"W": near_one(theta.reshape(len(theta), *one, -1), n).expand(-1, *shape, n, n)}


@generated(Centre)
def _(_: Group, x: Tree) -> Algebra:
    def first_slice(theta: Tensor) -> Parameters:
        return {"phase": torch.nn.functional.pad(theta, (0, lattice_of(x)[0][-1] - 1))}

    return int(is_abelian(x)), first_slice


@generated(Euclidean)
def _(group: Euclidean, x: Tree) -> Algebra:
    d = dimension_of(x)
    turns, shifts = d * (d - 1) // 2 * group.rotations, d * group.translations

    def element(theta: Tensor) -> Parameters:
        shift = theta[:, turns:] if shifts else theta.new_zeros(len(theta), d)
        turn = antisymmetric(theta[:, :turns], d) if turns else theta.new_zeros(len(theta), d, d)
        return {"rotation": torch.eye(d, dtype=theta.dtype, device=theta.device) + turn, "shift": shift}

    return turns + shifts, element


def antisymmetric(theta: Tensor, d: int) -> Tensor:
    """Real antisymmetric matrices `(batch, d, d)` of theta `(batch, d (d - 1) / 2)`."""
    i, j = torch.triu_indices(d, d, 1, device=theta.device)
    upper = theta.new_zeros(len(theta), d * d).index_add(1, i * d + j, theta).reshape(-1, d, d)
    return upper - upper.mT
