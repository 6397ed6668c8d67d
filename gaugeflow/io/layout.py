"""From the order of links in files to ours and back.

All formats of one configuration share an order, outermost first: t, z, y, x, direction (x, y, z, t), row, column,
real and imaginary part; ours is direction, x, y, z, t, row, column.
"""

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

__all__ = ["complete_rows", "component_count", "host_array", "precision_of", "to_links", "to_sites"]


def host_array(links: Tensor) -> np.ndarray:
    """Links as an array in the host's memory."""
    return links.detach().cpu().resolve_conj().resolve_neg().numpy()


def component_count(shape: Sequence[int], n: int, rows: int | None = None) -> int:
    """How many real numbers a field has: D links per site of ``rows`` (default n) times ``n`` complex entries."""
    return 2 * n * (n if rows is None else rows) * len(shape) * math.prod(shape)


def precision_of(links: Tensor) -> int:
    """32 or 64: the bits of one real number of the field."""
    return torch.finfo(links.dtype).bits


def to_links(data: np.ndarray, shape: Sequence[int], n: int, rows: int | None = None) -> Tensor:
    """A field in file order, any byte order, to links ``(1, D, *shape, rows, n)`` of the same precision.

    Args:
        data: the real numbers of the file, flat.
        shape: extents (x, y, z, t).
        rows: how many rows of each matrix the file holds, by default all n.
    """
    ndim = len(shape)
    kind = np.dtype(f"{data.dtype.byteorder}c{2 * data.dtype.itemsize}")
    sites = data.view(kind).reshape(*reversed(shape), ndim, n if rows is None else rows, n)
    ours = sites.transpose(ndim, *reversed(range(ndim)), ndim + 1, ndim + 2)
    return torch.from_numpy(ours.astype(kind.newbyteorder("="), order="C"))[None]


def to_sites(links: Tensor, precision: int, byte_order: str, rows: int | None = None) -> np.ndarray:
    """Links ``(1, D, *shape, N, N)`` to the real numbers of a file, flat; the inverse of :func:`to_links`.

    Args:
        precision: 32 or 64 bits per real number.
        byte_order: ``big`` or ``little``.
    """
    field = host_array(links[0, ..., :rows, :])
    ndim = field.shape[0]
    sites = field.transpose(*reversed(range(1, ndim + 1)), 0, ndim + 1, ndim + 2)
    kind = np.dtype(f"{'>' if byte_order == 'big' else '<'}c{precision // 4}")
    return sites.astype(kind, order="C").reshape(-1).view(kind.str.replace("c", "f")[:2] + str(precision // 8))


def complete_rows(links: Tensor) -> Tensor:
    """The last row of special unitary matrices whose first N-1 rows are given, ``(..., N-1, N) -> (..., N, N)``.

    The inverse of such a matrix is its adjugate and its dagger, so an entry of the last row is the conjugate of its
    cofactor, a minor of the rows above.
    """
    n = links.shape[-1]
    columns = [[j for j in range(n) if j != k] for k in range(n)]
    minors = torch.stack([torch.linalg.det(links[..., keep]) for keep in columns], dim=-1)
    signs = torch.tensor([(-1) ** (n - 1 + k) for k in range(n)], dtype=links.dtype)
    return torch.cat([links, (signs * minors).conj().resolve_conj()[..., None, :]], dim=-2)
