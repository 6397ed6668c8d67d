"""A plain convolutional network made gauge invariant by three routes, beside an L-CNN: SU(2) loops 1x2 and 2x2."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor

from equivariance_routes.link_networks import LinkNetworks, entries
from equivariance_routes.loops import Training, errors, fields, gauge_form, lcnn, loop, turned
from equivariance_routes.section import Part, section
from equivariance_routes.seeds import mean_error
from gaugeflow.random import stream
from gaugeflow.symmetry import Links, SiteScalars, check, routes

LOOPS = {"1x2": (1, 2), "2x2": (2, 2)}
FIELDS, SEEDS, COPIES = 1536, 3, 4
WIDTH, ROWS, STEPS = 64, 1024, 2500
VOLUMES = {8: 512, 16: 128, 32: 32}
"""Fields of the test set by the extent of the lattice: as many sites each."""
SAMPLES, SAMPLED = 64, 32
Network = Callable[[Tensor], Tensor]


def trained(images: list[Tensor], sides: tuple[int, int], generator: torch.Generator) -> LinkNetworks:
    """One network for each seed, each on fields of its own."""
    seen = torch.stack([entries(links).float() for links in images])
    target = torch.stack([loop(links, sides).flatten(1).float() for links in images])
    chosen = torch.arange(SEEDS * FIELDS).view(SEEDS, FIELDS)
    sizes = torch.full((SEEDS,), FIELDS)
    return Training(seen, target, chosen, sizes, WIDTH, ROWS, STEPS, generator).networks()


def lcnns(links: Tensor, sides: tuple[int, int], generator: torch.Generator) -> Network:
    """One for each seed, `(batch, SEEDS, *shape)`."""
    networks = [lcnn(part, loop(part, sides), STEPS, generator) for part in links.split(FIELDS)]
    return lambda u: torch.cat([network(u) for network in networks], 1)


def networks(sides: tuple[int, int], generator: torch.Generator) -> dict[str, Network]:
    links = fields(SEEDS * FIELDS, generator)
    augmented = trained([turned(links, "gauge", generator) for _ in range(COPIES)], sides, generator)
    tree = trained([gauge_form(links)], sides, generator)
    return {
        "plain": trained([links], sides, generator),
        "augmented": augmented,
        "averaged over 64 gauges": routes.Average(
            augmented, Links, "gauge", out=SiteScalars, samples=SAMPLES, chunk_size=512
        ),
        "canonical (tree gauge)": routes.Canonical(tree, Links, "gauge", out=SiteScalars),
        "L-CNN": lcnns(links, sides, generator),
    }


def part(name: str) -> dict[str, Any]:
    """Errors on each volume over the variance of the target, and what the harness says about gauge invariance."""
    sides, generator = LOOPS[name], stream("routes", "gauge", name)
    rows = []
    for route, f in networks(sides, generator).items():
        row: dict[str, Any] = {"route": route, "mean": {}, "site": {}}
        sampled = isinstance(f, routes.Average)
        for extent, count in VOLUMES.items():
            if not sampled or extent == 8:
                tested = fields(count, stream("routes", "gauge", "test", extent), (extent, extent))
                found = errors(f, tested[: SAMPLED if sampled else count], sides)
                for key, values in found.items():
                    row[key][str(extent)] = mean_error(values)
        example = fields(2, stream("routes", "gauge", "example"))
        row["held"] = check(f, Links(example), "gauge", out=SiteScalars, trials=4).holds
        if sampled:
            row["standard_error"] = standard_error(f, example)
        rows.append(row)
    return {"rows": rows, "fields": FIELDS}


@torch.no_grad()
def standard_error(f: routes.Average, links: Tensor) -> float:
    """What the average says of its own error, over the spread of its outputs from site to site."""
    value, error = f.with_error(links.to(torch.complex64))
    return float(error.square().mean().sqrt() / value.std())


@section("gauge")
def parts() -> dict[str, Part]:
    return {name: partial(part, name) for name in LOOPS}
