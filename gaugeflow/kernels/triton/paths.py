"""Path products of a block of sites on a GPU, from tables in its memory.

Lattice, action and paths are data, not constants of a kernel: one kernel is compiled for a group, a number of axes and
a precision, and serves every lattice and action. Unrolled over the paths it would take minutes to compile.
"""

# mypy: disable-error-code="no-untyped-def, assignment"
# ruff: noqa: RUF005
# (triton infers the types of compiled functions, and its tuples grow by addition)

from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

import torch
import triton
import triton.language as tl
from torch import Tensor

from gaugeflow.kernels.tables import Staples, visited_links
from gaugeflow.kernels.triton.matrices import multiply, plus_scaled, zero_like

__all__ = ["LinkTable", "coordinates", "link_table", "staple"]


class LinkTable(NamedTuple):
    """The paths of all axes behind each other, and so their links: int32 but for the coefficients.

    Path k of axis mu is one of ``first[mu] ... first[mu + 1]``; it consists of the links ``ends[k] ... ends[k + 1]``; a
    link is 2 + D numbers: its axis, 1 where it is passed backwards, and the displacement of the site that owns it, each
    component in [0, extent).
    """

    extents: Tensor
    first: Tensor
    ends: Tensor
    links: Tensor
    coefficients: Tensor


def link_table(staples: Staples, shape: Sequence[int], dtype: torch.dtype, device: torch.device) -> LinkTable:
    """The table of all staples, coefficients in ``dtype``."""
    ndim = len(shape)
    starts = [[int(axis == mu) for axis in range(ndim)] for mu in range(ndim)]
    paths = [(path, starts[mu]) for mu, row in enumerate(staples) for path, _ in row]
    links = [link for path, start in paths for link in visited_links(path, start)]
    moved = [[d % extent for d, extent in zip(place, shape, strict=True)] for _, _, place in links]
    numbers = [
        shape,
        [0, *accumulate(len(row) for row in staples)],
        [0, *accumulate(len(path) for path, _ in paths)],
        [x for (axis, backward, _), place in zip(links, moved, strict=True) for x in (axis, int(backward), *place)],
    ]
    coefficients = torch.tensor([c for row in staples for _, c in row], dtype=dtype, device=device)
    extents, first, ends, visited = (torch.tensor(row, dtype=torch.int32, device=device) for row in numbers)
    return LinkTable(extents, first, ends, visited, coefficients)


@triton.jit
def coordinates(sites, extents, NDIM: tl.constexpr):
    """The D coordinates of sites that are numbered in lexicographic order."""
    place = ()
    for k in tl.static_range(NDIM):
        extent = tl.load(extents + NDIM - 1 - k)
        place = (sites % extent,) + place
        sites = sites // extent
    return place


@triton.jit
def neighbour(place, displacement, extents, NDIM: tl.constexpr):
    """The numbers of the sites at a displacement on the torus."""
    sites = tl.zeros_like(place[0])
    for axis in tl.static_range(NDIM):
        extent = tl.load(extents + axis)
        moved = place[axis] + tl.load(displacement + axis)
        sites = sites * extent + tl.where(moved < extent, moved, moved - extent)
    return sites


@triton.jit
def passed(chain, link, place, mask, extents, volume, NDIM: tl.constexpr, N: tl.constexpr):
    """The matrices of one link of a path, adjoint where it is passed backwards."""
    backward = tl.load(link + 1)
    base = chain + tl.load(link).to(tl.int64) * (2 * N * N) * volume + neighbour(place, link + 2, extents, NDIM)
    matrix = ()
    for i in tl.static_range(N):
        for j in tl.static_range(N):
            entry = base + 2 * (i * N + j + backward * ((j - i) * N + i - j)) * volume
            im = tl.load(entry + volume, mask=mask, other=0.0)
            matrix = matrix + (tl.load(entry, mask=mask, other=0.0), im * (1 - 2 * backward))
    return matrix


@triton.jit
def path_product(chain, table, path, place, mask, volume, NDIM: tl.constexpr, N: tl.constexpr):
    link = table.links + tl.load(table.ends + path) * (2 + NDIM)
    product = passed(chain, link, place, mask, table.extents, volume, NDIM, N)
    for _ in range(1, tl.load(table.ends + path + 1) - tl.load(table.ends + path)):
        link += 2 + NDIM
        product = multiply(product, passed(chain, link, place, mask, table.extents, volume, NDIM, N), N)
    return product


@triton.jit
def staple(chain, table, mu, sites, mask, volume, NDIM: tl.constexpr, N: tl.constexpr):
    """Sum of coefficient times product over the paths of axis ``mu``."""
    total = zero_like(tl.load(chain + sites, mask=mask, other=0.0), N)
    place = coordinates(sites, table.extents, NDIM)
    for path in range(tl.load(table.first + mu), tl.load(table.first + mu + 1)):
        product = path_product(chain, table, path, place, mask, volume, NDIM, N)
        total = plus_scaled(total, product, tl.load(table.coefficients + path), N)
    return total
