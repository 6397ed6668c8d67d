"""Learning curves: the error of SU(2) W(2, 2) on 8 x 8 against the number of fields, for each route from the same
plain network, and for an L-CNN."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import Any

import torch
from torch import Tensor

from equivariance_routes.link_networks import LinkNetworks, entries
from equivariance_routes.loops import SITES, Training, errors, fields, gauge_form, lcnn, loop, turned
from equivariance_routes.section import Part, section
from equivariance_routes.seeds import bootstrap_slope, mean_error
from gaugeflow.random import stream
from gaugeflow.symmetry import Links, Scalars, SiteScalars, routes

SIDES = (2, 2)
SIZES, SEEDS, TESTED = (64, 256, 1024, 4096), 3, 512
POOL, COPIES = 6144, 4
WIDTH, STEPS = 48, 800
SAMPLES, SAMPLED = 64, 64
"""Random gauge transformations of an average, and on how many fields it is tested: it costs that much more."""
Network = Callable[[Tensor], Tensor]


@cache
def pool_of_fields() -> Tensor:
    """The same for all routes."""
    return fields(POOL, stream("routes", "learning"))


def training(images: list[Tensor], generator: torch.Generator) -> Training:
    """A member for each size and seed, on fields in several equivalent forms."""
    chosen = torch.stack([torch.randperm(POOL, generator=generator)[: SIZES[-1]] for _ in range(SEEDS)])
    seen = torch.stack([entries(links).float() for links in images])
    target = torch.stack([loop(links, SIDES).flatten(1).float() for links in images])
    sizes = torch.tensor(SIZES).repeat_interleave(SEEDS)
    return Training(seen, target, chosen.repeat(len(SIZES), 1), sizes, WIDTH, SITES, STEPS, generator)


def plain(pool: Tensor, generator: torch.Generator) -> Network:
    return training([pool], generator).networks()


def augmented(pool: Tensor, generator: torch.Generator) -> Network:
    """Each field in several random gauges, turned and mirrored."""
    return augmented_networks()


@cache
def augmented_networks() -> LinkNetworks:
    """Trained once for the two rows that need them."""
    generator = stream("routes", "learning", "augmented networks")
    moved = [turned(pool_of_fields(), "gauge * hypercubic", generator) for _ in range(COPIES)]
    return training(moved, generator).networks()


def averaged(pool: Tensor, generator: torch.Generator) -> Network:
    """The augmented network, its mean over random gauge transformations."""
    return routes.Average(augmented_networks(), Links, "gauge", out=SiteScalars, samples=SAMPLES, chunk_size=512)


def canonical(pool: Tensor, generator: torch.Generator) -> Network:
    """In the gauge of a maximal tree."""
    return routes.Canonical(training([gauge_form(pool)], generator).networks(), Links, "gauge", out=SiteScalars)


def canonical_averaged(pool: Tensor, generator: torch.Generator) -> Network:
    """The lattice mean in the tree gauge, averaged over the eight turns and mirrors, which it has seen in training."""
    moved = [gauge_form(turned(pool, "hypercubic", generator)) for _ in range(COPIES)]
    inner = routes.Canonical(training(moved, generator).networks(), Links, "gauge", out=SiteScalars)
    return routes.Average(lambda u: inner(u).mean((2, 3), keepdim=True), Links, "hypercubic", out=Scalars)


ROUTES: dict[str, Callable[[Tensor, torch.Generator], Network]] = {
    "plain": plain,
    "augmented": augmented,
    "averaged over 64 gauges": averaged,
    "canonical (tree gauge)": canonical,
    "canonical, averaged over turns": canonical_averaged,
}


def part(name: str) -> dict[str, Any]:
    """Mean squared error of the lattice mean over its variance, for each size and seed, and the slope."""
    pool = pool_of_fields()
    tested = fields(TESTED, stream("routes", "learning", "test"))
    generator = stream("routes", "learning", name)
    if name == "L-CNN":
        found = [lcnn_error(pool, tested, size, generator) for size in SIZES for _ in range(SEEDS)]
    else:
        count = SAMPLED if name.startswith("averaged") else TESTED
        found = errors(ROUTES[name](pool, generator), tested[:count], SIDES)["mean"]
    table = torch.tensor(found, dtype=torch.float64).view(len(SIZES), SEEDS)
    exponent = bootstrap_slope(torch.tensor(SIZES), table.T, generator)
    return {"sizes": [*SIZES], "mse": [mean_error(row) for row in table], "slope": exponent}


def lcnn_error(pool: Tensor, tested: Tensor, size: int, generator: torch.Generator) -> float:
    links = pool[torch.randperm(POOL, generator=generator)[:size]]
    return errors(lcnn(links, loop(links, SIDES), STEPS, generator), tested, SIDES)["mean"][0]


@section("learning")
def parts() -> dict[str, Part]:
    return {name: partial(part, name) for name in [*ROUTES, "L-CNN"]}
