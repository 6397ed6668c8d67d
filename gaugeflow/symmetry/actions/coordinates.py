"""Local coordinates of values: the algebra of links, the angle itself, the components of anything else.

A tangent w moves U to U + i w_a T_a U, which is exp(i w_a T_a) U to first order, with tr(T_a T_b) = delta_ab / 2;
densities with respect to the Haar measure are densities in these coordinates.
"""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor

from gaugeflow.symmetry.actions.fields import Links
from gaugeflow.symmetry.actions.scalars import Angles
from gaugeflow.symmetry.actions.values import Tree, Value, batch_size, leaves, map_leaves, wide

__all__ = ["displaced", "moved_along", "read_tangent", "tangent_scale", "tangent_size"]


@cache
def generators(n: int) -> Tensor:
    """The n^2 - 1 Hermitian generators of SU(n) in the order of Gell-Mann, `(n^2 - 1, n, n)` in complex128."""
    basis = []
    for j in range(1, n):
        for k in range(j):
            corner = torch.zeros(n, n, dtype=torch.complex128)
            corner[k, j] = 0.5
            basis += [corner + corner.mT, -1j * (corner - corner.mT)]
        t = torch.diag(torch.tensor([1.0] * j + [-float(j)] + [0.0] * (n - j - 1), dtype=torch.complex128))
        basis.append(t / (2 * j * (j + 1)) ** 0.5)
    return torch.stack(basis)


def _leaf_size(leaf: Value) -> int:
    per_entry = leaf.data.numel() // batch_size(leaf)
    if isinstance(leaf, Links) and not leaf.is_abelian:
        n = leaf.colour
        return per_entry // n**2 * (n**2 - 1)
    return per_entry * (2 if leaf.data.is_complex() else 1)


def tangent_size(x: Tree) -> int:
    """The number of local coordinates of one entry."""
    return sum(_leaf_size(leaf) for leaf in leaves(x))


def displaced(x: Tree, w: Tensor) -> Tree:
    """`x` moved to first order by the tangent `w` `(batch, tangent_size)`, differentiable in w."""
    parts = iter(w.split([_leaf_size(leaf) for leaf in leaves(x)], dim=1))
    return map_leaves(lambda leaf: _displaced_leaf(leaf, next(parts)), x)


def _displaced_leaf(leaf: Value, w: Tensor) -> Value:
    data = leaf.data
    if isinstance(leaf, Links) and not leaf.is_abelian:
        t = generators(leaf.colour).to(data)
        algebra = torch.einsum("...a,aij->...ij", w.reshape(*data.shape[:-2], len(t)).to(data.dtype), t)
        return leaf.with_data(data + 1j * algebra @ data)
    if data.is_complex():
        return leaf.with_data(data + torch.view_as_complex(w.reshape(*data.shape, 2).contiguous()))
    return leaf.with_data(data + w.reshape(data.shape))


def moved_along(x: Tree, w: Tensor) -> Tree:
    """`x` moved by the tangent `w` `(batch, tangent_size)` for good: along the exponential for links."""
    parts = iter(w.split([_leaf_size(leaf) for leaf in leaves(x)], dim=1))
    return map_leaves(lambda leaf: _moved_leaf(leaf, next(parts)), x)


def _moved_leaf(leaf: Value, w: Tensor) -> Value:
    if not isinstance(leaf, Links) or leaf.is_abelian:
        return _displaced_leaf(leaf, w)
    t = generators(leaf.colour).to(leaf.data)
    algebra = torch.einsum("...a,aij->...ij", w.reshape(*leaf.data.shape[:-2], len(t)).to(t.dtype), t)
    return leaf.with_data(torch.linalg.matrix_exp(1j * algebra) @ leaf.data)


def tangent_scale(x: Tree) -> Tensor:
    """The natural length of each coordinate, `(tangent_size,)`: one radian for links and angles, else the root mean
    square of the value."""
    return torch.cat([torch.full((_leaf_size(leaf),), _leaf_scale(leaf), dtype=torch.float64) for leaf in leaves(x)])


def _leaf_scale(leaf: Value) -> float:
    if isinstance(leaf, (Links, Angles)):
        return 1.0
    return float(wide(leaf.data).abs().square().mean().sqrt()) or 1.0


def read_tangent(y: Tree, origin: Tree) -> Tensor:
    """The tangent at `origin` (a constant) that points to `y`, `(batch, size)`, right to first order in y - origin."""
    return torch.cat([_read_leaf(a, b.data.detach()) for a, b in zip(leaves(y), leaves(origin), strict=True)], dim=1)


def _read_leaf(leaf: Value, origin: Tensor) -> Tensor:
    data = leaf.data
    if isinstance(leaf, Links) and not leaf.is_abelian:
        t = generators(leaf.colour).to(data)
        # dV V^dagger = i v_b T_b, so v_b = 2 Im tr(T_b dV V^dagger); V V^dagger itself has no imaginary part
        return 2 * torch.einsum("aij,...ji->...a", t, data @ origin.mH).imag.flatten(1)
    difference = data - origin
    return (torch.view_as_real(difference) if difference.is_complex() else difference).flatten(1)
