"""The rules for features of one place and of one displacement: few directions are carried until particles are mixed."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from gaugeflow.wavefunctions.backbones.own_and_pairs import Pairs
from gaugeflow.wavefunctions.laplacian.jet import Jet, rule

__all__ = ["others", "own"]


def _alone(t: Tensor) -> Jet:
    """Each row ``(..., d)`` as variables of its own: d directions, the same for all rows."""
    d = t.shape[-1]
    unit = torch.eye(d, dtype=t.dtype, device=t.device).reshape(d, *(1 for _ in t.shape[1:]), d)
    return Jet(t, unit.expand(d, *t.shape), torch.zeros_like(t))


@rule("of_own")
def own(func: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    function, x = args
    if not x.coordinates:
        return function(x)
    y = function(_alone(x.value))
    unit = torch.eye(x.shape[1], dtype=x.dtype, device=x.device)[:, None, None, :, None]
    return Jet(y.value, (unit * y.gradient).flatten(0, 1), y.laplacian)


@rule("of_others")
def others(func: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """What one of a pair sees has opposite derivatives along both places, and twice the displacement's Laplacian."""
    function, x, pairs = args
    if not x.coordinates:
        return pairs.means(function(pairs.displacements(x)))
    y = function(_alone(pairs.displacements(x.value)))
    return Jet(pairs.means(y.value), _gradient(y, pairs), 2 * pairs.means(y.laplacian))


def _gradient(y: Jet, pairs: Pairs) -> Tensor:
    """Of the means of each particle i along all places m: those of others, and of its own, which balances them."""
    along = y.gradient.flatten(2, 3) * (pairs.weights.sum(0) * pairs.signs).to(y.dtype).flatten().unsqueeze(-1)
    found = along.new_zeros(*along.shape[:2], pairs.n * pairs.n * pairs.kinds, along.shape[-1])
    found.index_copy_(2, pairs.places, along)
    found = found.unflatten(2, (pairs.n, pairs.n, pairs.kinds))  # (d, batch, m, i, kinds, width)
    found.diagonal(dim1=2, dim2=3).copy_(-found.sum(2).movedim(2, -1))
    return found.movedim(2, 0).flatten(0, 1)
