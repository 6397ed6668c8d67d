"""The orbit of an input under a finite group, scored: a fixed sum of numbers that no gauge transformation changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from gaugeflow.symmetry.actions.groups import Element, Group
from gaugeflow.symmetry.actions.lattice import Translations
from gaugeflow.symmetry.actions.values import Tree, batch_size, call_raw, device_of, leaves, map_tensors, raw_of
from gaugeflow.symmetry.checks.trials.casting import cast
from gaugeflow.symmetry.routes.choices.chosen import every_pair, rows_of
from gaugeflow.symmetry.routes.choices.features import densities, features
from gaugeflow.symmetry.routes.choices.templates import template
from gaugeflow.symmetry.routes.values.reading import precision_of

__all__ = ["Score", "scored_orbit"]

Score = Callable[..., Tensor]
"""A function of the plain tensors of an input: `(batch,)` numbers of the order of one."""

_MOST_NUMBERS = 2**25


def scored_orbit(group: Group, x: Tree, score: Score | None) -> tuple[Element, Tensor]:
    """All elements g, and the score of D(g)^-1 x for each entry and element, `(batch, |G|)`.

    The score is that of the caller, or a fixed sum of `features`, in units of their size.
    """
    dtype = precision_of(x)
    element = group.elements(map_tensors(lambda t: t[:1], x)).map(lambda t: cast(t, dtype))
    if score is None and isinstance(group, Translations):
        return element, _of_translations(group, x, dtype)
    return element, _of_elements(element, x, score, dtype)


def _of_elements(element: Element, x: Tree, score: Score | None, dtype: torch.dtype) -> Tensor:
    """Every element moves the input, in chunks."""
    batch = batch_size(x)
    numbers = sum(t[0].numel() for leaf in leaves(x) for t in leaf.tensors)
    step = max(1, _MOST_NUMBERS // (numbers * batch))
    parts = []
    for start in range(0, len(element), step):
        some = element.take(slice(start, start + step))
        pairs = every_pair(some, batch, torch.ones(len(some), dtype=dtype, device=device_of(x)))
        moved = pairs.element.inverse()(rows_of(x, pairs.entry))
        parts.append(_scores(moved, score, dtype).reshape(batch, len(some)))
    return torch.cat(parts, dim=1)


def _of_translations(group: Translations, x: Tree, dtype: torch.dtype) -> Tensor:
    """The correlation of the densities with a fixed field at every shift, by Fourier transformation."""
    fields = densities(x).to(dtype)
    shape = fields.shape[2:]
    axes = tuple(range(2, fields.ndim))
    weights = template((1, *fields.shape[1:]), fields)
    spectrum = torch.fft.rfftn(fields, dim=axes) * torch.fft.rfftn(weights, dim=axes).conj()
    scores = torch.fft.irfftn(spectrum.sum(1), s=shape, dim=tuple(range(1, fields.ndim - 1)))
    for axis in range(len(shape)):
        if group.axes is not None and axis not in group.axes:
            scores = scores.narrow(1 + axis, 0, 1)
    return scores.flatten(1) / _size(fields.flatten(1))


def _scores(x: Tree, score: Score | None, dtype: torch.dtype) -> Tensor:
    if score is None:
        numbers = features(x).to(dtype)
        return (numbers @ template((numbers.shape[1],), numbers)) / _size(numbers).squeeze(1)
    raw: Any = call_raw(score, raw_of(x))
    if not isinstance(raw, Tensor) or raw.shape != (batch_size(x),):
        raise ValueError(f"expected {batch_size(x)} numbers from the score, got {getattr(raw, 'shape', type(raw))}")
    return raw.to(dtype)


def _size(numbers: Tensor) -> Tensor:
    """The norm of each row, `(batch, 1)`, and no zero."""
    return numbers.norm(dim=1, keepdim=True).clamp(min=torch.finfo(numbers.dtype).tiny)
