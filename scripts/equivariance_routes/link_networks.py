"""Plain convolutional networks of SU(2) links, many side by side: they know nothing of gauge invariance."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from equivariance_routes.stacked import StackedDense

__all__ = ["LinkNetworks", "entries", "neighbours"]

WINDOW = 3
ENTRIES = 16
"""Real and imaginary parts of the two links of a site."""


def entries(links: Tensor) -> Tensor:
    """`(batch, 2, *shape, 2, 2)` to real numbers at the sites, `(batch, sites, 16)`."""
    return torch.view_as_real(links.resolve_conj()).flatten(-3).movedim(1, 3).flatten(3).flatten(1, 2)


def neighbours(shape: tuple[int, ...]) -> Tensor:
    """The sites of the 3 x 3 window whose first corner is x, `(sites, 9)`."""
    sites = torch.arange(shape[0] * shape[1]).view(shape)
    moved = [sites.roll((-a, -b), (0, 1)).flatten() for a in range(WINDOW) for b in range(WINDOW)]
    return torch.stack(moved, 1)


def products(h: Tensor) -> Tensor:
    """Each number of the first half times one of the second: two such layers hold a product of four links."""
    first, second = h.chunk(2, -1)
    return first * second


class LinkNetworks(nn.Module):
    """A 3 x 3 convolution and two 1 x 1 convolutions with products between them, for each member.

    Links `(batch, 2, *shape, 2, 2)` to one number at each site, `(batch, members, *shape)`.
    """

    def __init__(self, members: int, width: int, generator: torch.Generator) -> None:
        super().__init__()
        inputs = WINDOW**2 * ENTRIES
        self.dense = StackedDense(
            members, [inputs, (2 * width, width), (2 * width, width), 1], generator, products, 1.0
        )
        self.register_buffer("centre", torch.zeros(()))
        self.register_buffer("scale", torch.ones(()))

    def rows(self, seen: Tensor) -> Tensor:
        """Windows `(members, rows, 9, 16)` to numbers `(members, rows)`."""
        return self.centre + self.scale * self.dense(seen.flatten(2))[..., 0]

    def forward(self, links: Tensor) -> Tensor:
        shape = links.shape[2:4]
        windows = entries(links)[:, neighbours(shape)]  # (batch, sites, 9, 16)
        return self.rows(windows.flatten(0, 1)[None]).unflatten(1, (len(links), *shape)).movedim(0, 1)
