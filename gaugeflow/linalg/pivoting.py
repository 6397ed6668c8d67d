"""Complete pivoting for eliminations made of plain differentiable steps."""

import torch
from torch import Tensor

__all__ = ["largest_entry", "natural_scale", "swap", "swap_sign"]


def largest_entry(a: Tensor) -> tuple[Tensor, Tensor]:
    """Row and column ``(...)`` of the largest modulus in ``a``, shape ``(..., n, m)``; the first of equal ones."""
    place = a.detach().abs().flatten(-2).argmax(-1)
    width = a.shape[-1]
    return place // width, place % width


def swap(a: Tensor, first: int, second: Tensor, dim: int) -> Tensor:
    """``a``, shape ``(..., n, m)``, with two rows (``dim = -2``) or columns (``-1``) exchanged, matrix by matrix."""
    places = torch.arange(a.shape[dim], device=second.device)
    other = second[..., None]
    order = torch.where(places == first, other, torch.where(places == other, first, places))
    index = order[..., :, None] if dim == -2 else order[..., None, :]
    return torch.gather(a, dim, index.expand(a.shape))


def swap_sign(first: int, second: Tensor, dtype: torch.dtype) -> Tensor:
    """-1 where an exchange moves something, 1 where it does not."""
    return 1 - 2 * (second != first).to(dtype)


def natural_scale(pivot: Tensor, previous: Tensor) -> Tensor:
    """The modulus of a pivot as a constant; for a zero the scale before it, which bounds what it may become."""
    size = pivot.detach().abs()
    return torch.where(size == 0, previous, size)
