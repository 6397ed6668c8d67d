"""Refinement of two-dimensional link fields: every cell of the lattice is cut in two by a new path.

One step doubles the extent along an axis a; b is the other axis. With C the coarse links, every C_a(x) becomes two
links, ``C_a(x) = F(x) S(x)``, and a new link T(x) leads along b from the new site in the middle of C_a(x) to the one
in the middle of C_a(x + b). The loops ``L = F T F(x+b)^dagger C_b^dagger`` round the first half of each cell and
``M = C_a C_b(x+a) C_a(x+b)^dagger C_b^dagger`` round the whole, both from the corner x, are related by ``M = R L`` with
R the second half brought to x. So F is pure gauge, and all there is to know of the new path is L given M. The map
between (C, F, L) and the fine links preserves Haar measure.

The areas of the character expansion add up (Migdal, Sov. Phys. JETP 42 (1975) 413): with `w_A` the weight of a loop
round A plaquettes, the law of L given M is ``w_A(L) w_A(L^dagger M) / w_2A(M)``.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.groups import Group

__all__ = ["cell_loops", "coarsen", "refine", "refinement_axes"]


def refinement_axes(shape: Sequence[int]) -> tuple[int, ...]:
    """The axis of every step from one site to `shape`, the longer axis of the cells cut first.

    Raises:
        UserError: the lattice is not two-dimensional with extents that are powers of two.
    """
    if len(shape) != 2 or any(extent < 1 or extent & (extent - 1) for extent in shape):
        raise UserError(f"refinement: expected two extents that are powers of two, got {tuple(shape)}")
    left = [extent.bit_length() - 1 for extent in shape]
    axes = []
    while any(left):
        axis = 0 if left[0] >= left[1] else 1
        left[axis] -= 1
        axes.append(axis)
    return tuple(axes)


def cell_loops(group: Group, coarse: Tensor, axis: int) -> Tensor:
    """M at every site x, turning from `axis` to the other one: ``(batch, l1, l2, ...)`` from the coarse links."""
    a, b = coarse[:, axis], coarse[:, 1 - axis]
    upper = group.mul(a, b.roll(-1, axis + 1))
    lower = group.mul(b, a.roll(-1, 2 - axis))
    return group.mul(upper, group.dagger(lower))


def refine(group: Group, coarse: Tensor, axis: int, first: Tensor, loops: Tensor) -> Tensor:
    """The fine links ``(batch, 2, ...)`` from coarse links C, the first halves F of the C_a, and the loops L."""
    a, b = coarse[:, axis], coarse[:, 1 - axis]
    second = group.mul(group.dagger(first), a)
    start = group.mul(group.dagger(first), group.mul(loops, b))
    path = group.mul(start, first.roll(-1, 2 - axis))
    along, across = _interleave(first, second, axis), _interleave(b, path, axis)
    return torch.stack((along, across) if axis == 0 else (across, along), 1)


def coarsen(group: Group, fine: Tensor, axis: int) -> tuple[Tensor, Tensor, Tensor]:
    """Inverse of `refine`: coarse links, first halves and loops."""
    first, second = _halves(fine[:, axis], axis)
    b, path = _halves(fine[:, 1 - axis], axis)
    a = group.mul(first, second)
    there = group.mul(first, path)
    back = group.mul(b, first.roll(-1, 2 - axis))
    coarse = torch.stack((a, b) if axis == 0 else (b, a), 1)
    return coarse, first, group.mul(there, group.dagger(back))


def _interleave(even: Tensor, odd: Tensor, axis: int) -> Tensor:
    return torch.stack((even, odd), axis + 2).flatten(axis + 1, axis + 2)


def _halves(field: Tensor, axis: int) -> tuple[Tensor, Tensor]:
    even, odd = field.unflatten(axis + 1, (-1, 2)).unbind(axis + 2)
    return even, odd
