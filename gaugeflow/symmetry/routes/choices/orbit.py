"""The orbit of an input under a finite group, scored: a fixed sum of numbers that no gauge transformation changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from gaugeflow.symmetry.actions.fields import Links, SiteMatrices, SiteVectors
from gaugeflow.symmetry.actions.groups import Element, Group
from gaugeflow.symmetry.actions.scalars import Angles
from gaugeflow.symmetry.actions.values import Tree, Value, batch_size, call_raw, device_of, leaves, map_tensors, raw_of
from gaugeflow.symmetry.checks.trials.casting import cast
from gaugeflow.symmetry.routes.choices.chosen import every_pair, rows_of
from gaugeflow.symmetry.routes.choices.templates import template
from gaugeflow.symmetry.routes.values.reading import precision_of

__all__ = ["Score", "features", "scored_orbit"]

Score = Callable[..., Tensor]
"""A function of the plain tensors of an input: `(batch,)` numbers of the order of one."""

_MOST_NUMBERS = 2**25


def scored_orbit(group: Group, x: Tree, score: Score | None) -> tuple[Element, Tensor]:
    """All elements g, and the score of D(g)^-1 x for each entry and element, `(batch, |G|)`.

    The score is that of the caller, or a fixed sum of `features`, in units of their size.
    """
    dtype, batch = precision_of(x), batch_size(x)
    element = group.elements(map_tensors(lambda t: t[:1], x)).map(lambda t: cast(t, dtype))
    numbers = sum(t[0].numel() for leaf in leaves(x) for t in leaf.tensors)
    step = max(1, _MOST_NUMBERS // (numbers * batch))
    parts = []
    for start in range(0, len(element), step):
        some = element.take(slice(start, start + step))
        pairs = every_pair(some, batch, torch.ones(len(some), dtype=dtype, device=device_of(x)))
        moved = pairs.element.inverse()(rows_of(x, pairs.entry))
        parts.append(_scores(moved, score, dtype).reshape(batch, len(some)))
    return element, torch.cat(parts, dim=1)


def _scores(x: Tree, score: Score | None, dtype: torch.dtype) -> Tensor:
    if score is None:
        numbers = features(x).to(dtype)
        size = numbers.norm(dim=1).clamp(min=torch.finfo(dtype).tiny)
        return (numbers @ template((numbers.shape[1],), numbers)) / size
    raw: Any = call_raw(score, raw_of(x))
    if not isinstance(raw, Tensor) or raw.shape != (batch_size(x),):
        raise ValueError(f"expected {batch_size(x)} numbers from the score, got {getattr(raw, 'shape', type(raw))}")
    return raw.to(dtype)


def features(x: Tree) -> Tensor:
    """Real numbers of every entry, `(batch, size)`, that no gauge transformation changes.

    Traces of all plaquettes and of all straight lines around the lattice for links, traces of matrices, moduli of
    vectors, cosine and sine of angles, and the numbers themselves of anything else.
    """
    parts = [part for leaf in leaves(x) for part in _of_leaf(leaf)]
    return torch.cat([_real(part).flatten(1) for part in parts], dim=1)


def _of_leaf(leaf: Value) -> list[Tensor]:
    if isinstance(leaf, Links):
        return _loops(leaf)
    if isinstance(leaf, SiteMatrices):
        return [_trace(leaf.data)]
    if isinstance(leaf, SiteVectors):
        return [leaf.data.abs().square().sum(-1)]
    if isinstance(leaf, Angles):
        return [leaf.data.cos(), leaf.data.sin()]
    return [tensor for tensor in leaf.tensors if tensor.dtype != torch.bool]


def _real(tensor: Tensor) -> Tensor:
    return torch.view_as_real(tensor.resolve_conj()) if tensor.is_complex() else tensor


def _trace(matrices: Tensor) -> Tensor:
    return matrices.diagonal(dim1=-2, dim2=-1).sum(-1)


def _loops(links: Links) -> list[Tensor]:
    """Traces of the plaquettes of every plane at every site and of the lines along every axis; phases for U(1)."""
    u, ndim = links.data, len(links.shape)
    if links.is_abelian:
        plaquettes = [
            u[:, mu] + u[:, nu].roll(-1, 1 + mu) - u[:, mu].roll(-1, 1 + nu) - u[:, nu]
            for mu in range(ndim)
            for nu in range(mu)
        ]
        angles = plaquettes + [u[:, mu].sum(1 + mu) for mu in range(ndim)]
        return [part for angle in angles for part in (angle.cos(), angle.sin())]
    corners = [
        u[:, mu] @ u[:, nu].roll(-1, 1 + mu) @ u[:, mu].roll(-1, 1 + nu).mH @ u[:, nu].mH
        for mu in range(ndim)
        for nu in range(mu)
    ]
    return [_trace(loop) for loop in [*corners, *(_line(u[:, mu], 1 + mu) for mu in range(ndim))]]


def _line(u: Tensor, axis: int) -> Tensor:
    product, *rest = u.unbind(axis)
    for step in rest:
        product = product @ step
    return product
