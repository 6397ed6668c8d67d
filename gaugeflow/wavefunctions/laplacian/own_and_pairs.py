"""The rules for features of one place and of one displacement: few directions are carried until they are summed."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from gaugeflow.wavefunctions.laplacian.jet import Jet, rule

__all__ = ["own", "pairs"]


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
def pairs(func: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """A sum over j of f(x_i - x_j) has the derivative ``-f'`` along x_j, twice the Laplacian of f, and does not change
    when all places move together."""
    function, x, particles = args
    ends = particles.ends.to(x.dtype)
    if not x.coordinates:
        even, odd = function(ends.mT @ x)
        return ends.abs() @ even, ends @ odd
    even, odd = function(_alone(ends.mT @ x.value))
    pair = particles.pair_of.to(x.device)
    apart = 1 - torch.eye(particles.n, dtype=x.dtype, device=x.device)
    return _summed(even, ends.abs(), pair, ends.gather(1, pair) * apart), _summed(odd, ends, pair, -apart)


def _summed(y: Jet, ends: Tensor, pair: Tensor, along: Tensor) -> Jet:
    """The sum for each particle i; `along`, ``(m, i)``, is the sign of the derivative along the place of another m."""
    n = len(ends)
    if n == 1:
        nothing = ends @ y.value
        return Jet(nothing, nothing.new_zeros(len(y.gradient), *nothing.shape), nothing)
    gradient = y.gradient[:, :, pair.flatten()].unflatten(2, (n, n)) * along[:, :, None]  # (d, batch, m, i, width)
    gradient.diagonal(dim1=2, dim2=3).copy_(-gradient.sum(2).movedim(2, -1))
    return Jet(ends @ y.value, gradient.movedim(2, 0).flatten(0, 1), 2 * (ends @ y.laplacian))
