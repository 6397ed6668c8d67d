"""Two networks of SU(2) links for `scripts/demo`: one is gauge invariant, in the other one layer forgot a dagger."""

import torch
from torch import Tensor, nn

from gaugeflow.lattice import hot_start

__all__ = ["right", "wrong"]


class Plaquettes(nn.Module):
    """`U_0(x) U_1(x+0) U_0(x+1)^dagger U_1(x)^dagger` at every site."""

    def forward(self, links: Tensor) -> Tensor:
        first, second = links[:, 0], links[:, 1]
        return first @ second.roll(-1, 1) @ first.roll(-1, 2).mH @ second.mH


class Transport(nn.Module):
    """Adds what stands at the next site, carried here by the link between the two: `W + U W(x+0) U^dagger`."""

    def __init__(self, forget: bool = False) -> None:
        super().__init__()
        self.forget = forget

    def forward(self, links: Tensor, sites: Tensor) -> Tensor:
        back = links[:, 0] if self.forget else links[:, 0].mH
        return sites + links[:, 0] @ sites.roll(-1, 1) @ back


class Network(nn.Module):
    """Plaquettes, two layers of transport, and a trace: one number for each configuration."""

    def __init__(self, forget: bool) -> None:
        super().__init__()
        self.plaquettes = Plaquettes()
        self.first, self.second = Transport(), Transport(forget)

    def forward(self, links: Tensor) -> Tensor:
        sites = self.plaquettes(links)
        sites = self.second(links, self.first(links, sites))
        return sites.diagonal(dim1=-2, dim2=-1).real.flatten(1).sum(1)


def example() -> Tensor:
    """Four random configurations on 4 x 4."""
    return hot_start("su2", (4, 4), torch.Generator().manual_seed(1), chains=4)


def right() -> tuple[nn.Module, Tensor, str]:
    """What `gaugeflow check demo_networks:right` verifies."""
    return Network(forget=False), example(), "gauge: links -> scalars"


def wrong() -> tuple[nn.Module, Tensor, str]:
    """The same with a mistake in its second layer."""
    return Network(forget=True), example(), "gauge: links -> scalars"
