"""Parallel transport of site matrices: what stands at the end of a path, seen from its start."""

from collections.abc import Sequence

import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.kernels import Path, path_products
from gaugeflow.lattice import lattice_shape
from gaugeflow.lattice.paths import displacement
from gaugeflow.nn.sums.rows import block_rows

__all__ = ["carry_rows", "check_reach", "path_lines", "transport", "transport_rows"]


def transport(links: Tensor, w: Tensor, paths: Sequence[Path]) -> Tensor:
    """``T_p W(x) = U_p(x) W(x + d) U_p(x)^dagger`` for every path p, which leads from x to x + d.

    The parallel transport of arXiv:2012.12901, there along an axis. The transported matrix transforms with the gauge
    rotation at x.

    Args:
        links: ``(batch, D, *shape, N, N)``; U(1): angles ``(batch, D, *shape)``.
        w: ``(batch, channels, *shape, N, N)``; U(1): N = 1.
        paths: signed steps; the empty path leaves W where it is.

    Returns:
        ``(batch, n_paths, channels, *shape, N, N)``.

    Raises:
        UserError: a path leads further along an axis than the lattice is long.
    """
    rows = transport_rows(links, block_rows(w), paths)  # (batch, *shape, N, n_paths, channels, N)
    return rows.movedim((-3, -2), (1, 2))


def transport_rows(links: Tensor, rows: Tensor, paths: Sequence[Path]) -> Tensor:
    """:func:`transport` of block rows ``(batch, *shape, N, C, N)`` to ``(batch, *shape, N, n_paths, C, N)``."""
    return carry_rows(path_lines(links, paths), rows, paths)


def path_lines(links: Tensor, paths: Sequence[Path]) -> Tensor:
    """Products along the paths that are not empty, ``(P, batch, *shape, N, N)``, with their extents checked.

    In U(1), where the phases of a line and of its way back cancel, there are none.
    """
    shape = lattice_shape(links)
    check_reach(paths, shape)
    walked = [path for path in paths if path]
    if links.is_complex() and walked:
        return path_products(links, walked)
    return links.new_empty(0, links.shape[0], *shape, 1, 1, dtype=links.dtype.to_complex())


def carry_rows(lines: Tensor, rows: Tensor, paths: Sequence[Path]) -> Tensor:
    """:func:`transport_rows` with the products along the paths given, see :func:`path_lines`."""
    ndim = rows.ndim - 4
    ends = [displacement(path, ndim) for path in paths]
    shifted = [rows.roll([-d for d in end], list(range(1, 1 + ndim))) if any(end) else rows for end in ends]
    if len(lines):
        products = iter(lines)
        shifted = [_conjugated(next(products), row) if path else row for path, row in zip(paths, shifted, strict=True)]
    return torch.stack(shifted, -3)


def _conjugated(line: Tensor, rows: Tensor) -> Tensor:
    """``L W_c L^dagger`` for every channel of a block row: two batched products."""
    n, c = rows.shape[-1], rows.shape[-2]
    left = line @ rows.flatten(-2)  # (..., N, C N)
    both = left.unflatten(-1, (c, n)).flatten(-3, -2) @ line.mH  # (..., N C, N)
    return both.unflatten(-2, (n, c))


def check_reach(paths: Sequence[Path], shape: Sequence[int]) -> None:
    """Raises ``UserError`` if a path leads further along an axis than the lattice is long."""
    for path in paths:
        for axis, (steps, extent) in enumerate(zip(displacement(path, len(shape)), shape, strict=True)):
            if abs(steps) > extent:
                raise UserError(
                    f"transport: expected a lattice of at least {abs(steps)} sites along axis {axis} for the path "
                    f"{path}, got the extents {tuple(shape)}"
                )
