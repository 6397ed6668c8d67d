"""A convolutional network that knows nothing of gauge invariance, to compare with."""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import silu

from gaugeflow.errors import UserError
from gaugeflow.nn.layers.sources import Plaq, link_matrices
from gaugeflow.nn.theory import GaugeTheory

__all__ = ["LinkCNN"]


class LinkCNN(nn.Module):
    """Periodic convolutions of the entries of the links: real and imaginary parts, ``2 D N^2`` channels at each site.

    With ``plaquettes`` those of all planes stand beside the links: ``D (D - 1) N^2`` channels more.

    The kernel has a site and its 2 D nearest neighbours, so that one class serves any number of axes. Equivariant
    under translations like any convolution, under gauge transformations not at all.

    Args:
        theory: group and dimension.
        width: channels of the hidden layers.
        depth: how many convolutions; the last one gives the one number at each site.
        plaquettes: whether it sees the plaquettes too.
        generator: source of the initial weights: normal, the squares of each output summing to one; biases are zero.

    Raises:
        UserError: ``width`` or ``depth`` below one.
    """

    def __init__(
        self, theory: GaugeTheory, width: int, depth: int, *, plaquettes: bool = False, generator: torch.Generator
    ) -> None:
        super().__init__()
        if width < 1 or depth < 1:
            raise UserError(f"LinkCNN: expected width and depth >= 1, got {width} and {depth}")
        self.theory, neighbours = theory, 2 * theory.ndim + 1
        self.plaquettes = Plaq(theory) if plaquettes else None
        seen = theory.ndim + (len(self.plaquettes.paths) if self.plaquettes else 0)
        sizes = [2 * seen * theory.group.n**2, *[width] * (depth - 1), 1]
        self.layers = nn.ModuleList()
        for inputs, outputs in pairwise(sizes):
            layer = nn.Linear(neighbours * inputs, outputs, dtype=theory.dtype)
            drawn = torch.randn(layer.weight.shape, dtype=theory.dtype, generator=generator)
            with torch.no_grad():
                layer.weight.copy_(drawn / drawn.norm(dim=1, keepdim=True))
                layer.bias.zero_()
            self.layers.append(layer)

    @classmethod
    def of_size(
        cls, theory: GaugeTheory, parameters: int, depth: int, *, plaquettes: bool = False, generator: torch.Generator
    ) -> "LinkCNN":
        """The narrowest network of that depth with at least so many parameters."""
        width = 1
        while True:
            network = cls(theory, width, depth, plaquettes=plaquettes, generator=generator)
            if depth == 1 or sum(parameter.numel() for parameter in network.parameters()) >= parameters:
                return network
            width += 1

    def forward(self, links: Tensor) -> Tensor:
        """Links to one number at each site, ``(batch, 1, *shape)``."""
        self.theory.check_links(links, "LinkCNN")
        matrices = link_matrices(links)
        if self.plaquettes is not None:
            matrices = torch.cat((matrices, self.plaquettes(links)), 1)
        entries = torch.view_as_real(matrices.resolve_conj()).movedim(1, -4)  # (batch, *shape, channels, N, N, 2)
        h = entries.flatten(-4)
        for k, layer in enumerate(self.layers):
            h = layer(_with_neighbours(silu(h) if k else h, self.theory.ndim))
        return h.movedim(-1, 1)


def _with_neighbours(h: Tensor, ndim: int) -> Tensor:
    """``(batch, *shape, C)`` to ``(batch, *shape, (2 D + 1) C)``."""
    shifted = [h.roll(step, axis + 1) for axis in range(ndim) for step in (1, -1)]
    return torch.cat((h, *shifted), -1)
