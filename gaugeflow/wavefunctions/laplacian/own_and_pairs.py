"""The rules for features of one place and of one displacement: few directions are carried until they are summed."""

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
    """A sum over j of f(x_i - x_j) has the derivative ``-f'`` along x_j, twice the Laplacian of f, and does not change
    when all places move together."""
    function, x, pairs = args
    if not x.coordinates:
        return pairs.sums(*function(pairs.displacements(x)))
    even, odd = function(_alone(pairs.displacements(x.value)))
    values = pairs.sums(even.value, odd.value)
    laplacians = pairs.sums(2 * even.laplacian, 2 * odd.laplacian)
    apart = 1 - torch.eye(x.shape[1], dtype=x.dtype, device=x.device)
    signs = pairs.ends.to(x.dtype).gather(1, pairs.of_two) * apart if len(pairs.first) else apart
    gradients = _gradient(even, pairs, signs), _gradient(odd, pairs, -apart)
    return tuple(map(Jet, values, gradients, laplacians))


def _gradient(y: Jet, pairs: Pairs, signs: Tensor) -> Tensor:
    """Of the sum for each particle i; `signs`, ``(m, i)``, are those of the derivative along the place of another m."""
    n = len(signs)
    if n == 1:
        return y.value.new_zeros(len(y.gradient), len(y.value), 1, y.shape[-1])
    found = y.gradient.index_select(2, pairs.of_two.flatten()).unflatten(2, (n, n)) * signs[:, :, None]
    found.diagonal(dim1=2, dim2=3).copy_(-found.sum(2).movedim(2, -1))  # (d, batch, m, i, width)
    return found.movedim(2, 0).flatten(0, 1)
