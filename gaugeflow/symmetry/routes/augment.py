"""Augmentation: inputs and targets moved together by random elements."""

from __future__ import annotations

from typing import Any

import torch

from gaugeflow.symmetry.actions.groups import Group, group_named
from gaugeflow.symmetry.actions.values import Tree, batch_size, raw_of
from gaugeflow.symmetry.checks.trials.casting import cast
from gaugeflow.symmetry.routes.values.reading import precision_of

__all__ = ["augment"]


def augment(values: Tree, group: Group | str, generator: torch.Generator) -> Any:
    """The plain tensors of `values`, every entry moved by an element of its own: inputs and targets alike.

    Args:
        values: a value `(batch, ...)`, or a tuple or dict of them, such as `(Links(u), Scalars(q))`.
        group: a group or its name.
        generator: draws one element for each entry.

    >>> import torch
    >>> from gaugeflow.symmetry import Image, Scalars, routes
    >>> generator = torch.Generator().manual_seed(0)
    >>> picture, label = torch.randn(4, 1, 8, 8, generator=generator), torch.ones(4)
    >>> picture, label = routes.augment((Image(picture), Scalars(label)), "d4", generator)
    """
    dtype = precision_of(values)
    g = group_named(group).element(values, batch_size(values), generator)
    return raw_of(g.map(lambda t: cast(t, dtype))(values))
