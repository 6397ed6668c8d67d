"""Coarse-graining: blocks of sites become sites, lines of links become links."""

import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.lattice import lattice_shape, wilson_lines
from gaugeflow.nn.channels import Channels
from gaugeflow.nn.layer import Layer
from gaugeflow.nn.sums.rows import block_rows, from_rows
from gaugeflow.nn.sums.transport import transport_rows
from gaugeflow.nn.theory import GaugeTheory

__all__ = ["Block", "corner_links"]


class Block(Layer):
    """A lattice of every b-th site: ``U'_mu(y) = U_mu(by) U_mu(by + mu) ... U_mu(by + (b-1) mu)``.

    A coarse field transforms with the gauge rotations at the corners ``x = b y``, and is translated by shifts of b.

    Args:
        theory: group and dimension, without rotations, since a corner is not where a reflection expects it.
        channels: channels that come in and go out.
        factor: b >= 2.
        average: W'(y) is the mean over the block of what is transported to its corner, along axis 0 first, then axis 1
            and so on (pooling); otherwise the W of the corner (decimation).

    Raises:
        UserError: at construction a factor below two or rotations, at a call extents that b does not divide.
    """

    def __init__(self, theory: GaugeTheory, channels: Channels | int, factor: int = 2, average: bool = True) -> None:
        super().__init__(theory, channels, channels)
        if not isinstance(factor, int) or factor < 2 or theory.turned_axes:
            raise UserError(
                f"Block: expected an integer factor >= 2 and rotations none, got {factor} and {theory.rotations}"
            )
        self.stride, self.average = factor, average

    def new_links(self, links: Tensor, w: Tensor) -> Tensor:
        self.shape_after(lattice_shape(links))
        return corner_links(links, self.stride)

    def new_sites(self, links: Tensor, w: Tensor) -> Tensor:
        b, rows = self.stride, block_rows(w)
        for axis in reversed(range(self.theory.ndim)):
            if self.average:
                paths = [(axis + 1,) * k for k in range(b)]
                rows = transport_rows(links, rows, paths).mean(-3)
            every = [slice(None)] * (axis + 1) + [slice(None, None, b)]
            rows = rows[tuple(every)]
            links = links[(slice(None), *every)]
        return from_rows(rows)


def corner_links(links: Tensor, factor: int) -> Tensor:
    """Products of ``factor`` links in a row, from every ``factor``-th site: links of the coarse lattice, not averaged.

    Args:
        links: ``(batch, D, *shape, N, N)``; U(1): angles ``(batch, D, *shape)``. Extents are divisible by ``factor``.
        factor: sites of the fine lattice to one of the coarse one, along each axis.
    """
    ndim = links.shape[1]
    corners = (slice(None), *[slice(None, None, factor)] * ndim)
    lines = wilson_lines(links, [(mu + 1,) * factor for mu in range(ndim)])
    return torch.stack([line[corners] for line in lines], 1)
