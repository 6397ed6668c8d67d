"""SU(2) Wilson loops at the sites, learned by plain networks and by an L-CNN from the same fields."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from equivariance_routes.link_networks import LinkNetworks, neighbours
from equivariance_routes.stacked import descend
from gaugeflow.lattice import WilsonAction, cold_start, loop_traces, rectangle
from gaugeflow.montecarlo import ExactSampler
from gaugeflow.nn import LCNN, GaugeTheory
from gaugeflow.symmetry import Links, routes

__all__ = ["SHAPE", "SITES", "Training", "errors", "fields", "gauge_form", "lcnn", "loop", "turned"]

SHAPE, BETA = (8, 8), 4.0
RATE, SITES = 1e-2, 512


def fields(count: int, generator: torch.Generator, shape: tuple[int, int] = SHAPE) -> Tensor:
    """Independent configurations, `(count, 2, *shape, 2, 2)`."""
    return ExactSampler(WilsonAction(2, BETA)).update(cold_start("su2", shape, chains=count), generator)[0]


def loop(links: Tensor, sides: tuple[int, int]) -> Tensor:
    """`(1/2) Re tr` of the rectangle at every site, `(batch, *shape)`."""
    return loop_traces(links, rectangle(0, 1, *sides)).real


def gauge_form(links: Tensor) -> Tensor:
    """The tree gauge: what a network sees behind `routes.Canonical`."""
    form = routes.Canonical(lambda u: u, Links, "gauge", out="invariants")
    return torch.cat([form(part) for part in links.split(1024)])


def turned(links: Tensor, group: str, generator: torch.Generator) -> Tensor:
    """Each field moved by an element of its own."""
    return routes.augment((Links(links),), group, generator)[0].data


@dataclass(frozen=True)
class Training:
    """Networks that learn from windows of their own fields.

    Args:
        seen: entries `(images, fields, sites, 16)` of all fields, each in several equivalent forms.
        target: at each site of each, `(images, fields, sites)`.
        chosen: which fields each member has, `(members, largest set)`.
        sizes: how many of these, from the first on, `(members,)`.
        width: of the networks.
        rows: sites in a batch.
        steps: of the optimiser.
        generator: of weights and batches.
    """

    seen: Tensor
    target: Tensor
    chosen: Tensor
    sizes: Tensor
    width: int
    rows: int
    steps: int
    generator: torch.Generator

    def networks(self) -> LinkNetworks:
        """Trained on the mean squared error at the sites."""
        networks = LinkNetworks(len(self.sizes), self.width, self.generator)
        networks.centre, networks.scale = self.target.mean(), self.target.std()
        descend(networks, lambda _: self._loss(networks), self.steps, RATE)
        return networks

    def _loss(self, networks: LinkNetworks) -> Tensor:
        size = len(self.sizes), self.rows
        which = (torch.rand(size, generator=self.generator) * self.sizes[:, None]).long()
        image = torch.randint(len(self.seen), size, generator=self.generator)
        site = torch.randint(self.seen.shape[2], size, generator=self.generator)
        field = self.chosen.gather(1, which)
        windows = self.seen[image[..., None], field[..., None], neighbours(SHAPE)[site]]
        off = (networks.rows(windows) - self.target[image, field, site]) / networks.scale
        return off.square().mean(1).sum()


def lcnn(links: Tensor, target: Tensor, steps: int, generator: torch.Generator) -> nn.Module:
    """The small L-CNN with generic kernels, trained on the same error, SITES of them in a batch."""
    theory = GaugeTheory("su2", 2, torch.float32)
    network = LCNN.of(theory, generator=generator, channels=(2, 2), paths=["", "+x", "+t"], hidden=())
    links, target = links.to(torch.complex64), target.float()
    centre, scale, batch = target.mean(), target.std(), SITES // target[0].numel()

    def loss(_: int) -> Tensor:
        chosen = torch.randint(len(links), (batch,), generator=generator)
        return (network(links[chosen])[:, 0] - (target[chosen] - centre) / scale).square().mean()

    descend(network, loss, steps, RATE)
    return Scaled(network, centre, scale)


class Scaled(nn.Module):
    """`centre + scale f`."""

    def __init__(self, network: nn.Module, centre: Tensor, scale: Tensor) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("centre", centre)
        self.register_buffer("scale", scale)

    def forward(self, links: Tensor) -> Tensor:
        return self.centre + self.scale * self.network(links)


@torch.no_grad()
def errors(f: Callable[[Tensor], Tensor], links: Tensor, sides: tuple[int, int]) -> dict[str, list[float]]:
    """Mean squared errors of each member over the variance of the target: of the loop's lattice mean, and at a site."""
    target = loop(links, sides)[:, None]
    off = torch.cat([f(part) for part in links.to(torch.complex64).split(64)]) - target
    mean, mean_off = (t.mean((2, 3)) for t in (target, off))
    return {
        "mean": (mean_off.square().mean(0) / mean.var()).tolist(),
        "site": (off.square().mean((0, 2, 3)) / target.var()).tolist(),
    }
