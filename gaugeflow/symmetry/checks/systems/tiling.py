"""A periodic system repeated along one of its axes: lattices, and particles in a cell."""

from __future__ import annotations

import torch
from torch import Tensor

from gaugeflow.symmetry.actions.fields import LatticeValue, lattice_of, site_axes
from gaugeflow.symmetry.actions.particles import EdgeIndex, PairFeatures, ParticleValue, Points
from gaugeflow.symmetry.actions.scalars import Angles, CartesianTensors, Cell, Invariants, Scalars
from gaugeflow.symmetry.actions.values import Tree, Value, leaves, map_leaves

__all__ = ["axes_of", "grown", "tiled"]


def axes_of(x: Tree) -> int:
    """The number of axes along which `x` can be repeated; a `ValueError` where it cannot."""
    cells = [leaf for leaf in leaves(x) if isinstance(leaf, Cell)]
    kinds = {type(leaf) for leaf in leaves(x)}
    if any(getattr(leaf, "n_up", None) is not None for leaf in leaves(x)):
        raise ValueError("expected electrons with a tensor of spins: of copies the first n_up are not all spin up")
    if any(issubclass(kind, (PairFeatures, EdgeIndex)) for kind in kinds):
        raise ValueError("expected fields, or points with features in a cell: pairs and edges of copies are not known")
    if cells:
        return cells[0].data.shape[1]
    if any(issubclass(kind, LatticeValue) for kind in kinds):
        return len(lattice_of(x)[0])
    raise ValueError(
        "expected a system that can be repeated: fields on a lattice, or points with a cell; got "
        + ", ".join(leaf.name for leaf in leaves(x))
    )


def tiled(y: Tree, x: Tree, axis: int, copies: int) -> Tree:
    """The fields, particles and cells of `y` repeated along an axis of the system `x`; whatever has no place in it,
    such as a temperature or a field direction, as it is."""
    cells = [leaf.data[:, axis : axis + 1] for leaf in leaves(x) if isinstance(leaf, Cell)]
    edge = cells[0] if cells else None
    return map_leaves(lambda leaf: _tiled(leaf, edge, axis, copies), y)


def _tiled(leaf: Value, edge: Tensor | None, axis: int, copies: int) -> Value:
    if isinstance(leaf, LatticeValue):
        at = site_axes(leaf, len(leaf.shape))[axis]
        return leaf.with_data(torch.cat([leaf.data] * copies, dim=at))
    if isinstance(leaf, Cell):
        factor = torch.ones(leaf.data.shape[1], 1, dtype=leaf.data.dtype, device=leaf.data.device)
        factor[axis] = copies
        return leaf.with_data(leaf.data * factor)
    if not isinstance(leaf, ParticleValue):
        return leaf
    shifted = [k * edge.to(leaf.data) if isinstance(leaf, Points) and edge is not None else 0 for k in range(copies)]
    return leaf.map(lambda t: torch.cat([t + shift if t is leaf.data else t for shift in shifted], dim=1))


def grown(y: Tree, x: Tree, axis: int, copies: int, intensive: bool) -> Tree:
    """What the output of the repeated system must be: fields and features repeated, totals times the number of copies
    unless they are `intensive`; a `ValueError` for an output that neither is."""
    return map_leaves(lambda leaf: _total(leaf, copies, intensive), tiled(y, x, axis, copies))


def _total(leaf: Value, copies: int, intensive: bool) -> Value:
    if intensive or isinstance(leaf, (LatticeValue, ParticleValue, Cell)):
        return leaf
    if isinstance(leaf, (Scalars, Invariants, CartesianTensors)) and not isinstance(leaf, Angles):
        return leaf.with_data(leaf.data * copies)
    raise ValueError(f"expected fields, features, scalars or tensors, got {leaf.name}; say intensive=True for a mean")
