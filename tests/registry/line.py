"""What every line of the symmetry registry is made of: a line itself, small fields, and the commonest claims."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch

from gaugeflow import lattice
from gaugeflow.groups import get_group
from gaugeflow.symmetry import Links, Scalars, SiteMatrices, SiteScalars
from gaugeflow.symmetry.claims import Claim, Equivariance, Gradient

SPACE = "gauge * translations * charge"
FULL = f"{SPACE} * hypercubic"
BATCH = 4
"""Entries of an example: a call costs nearly the same for one field of this size as for a few."""


@dataclass(frozen=True)
class Line:
    """Public objects, and how to make the claims about them."""

    covers: tuple[Any, ...]
    claims: Callable[[], list[Claim]]


def line(*covers: Any, claims: Callable[[], list[Claim]]) -> Line:
    return Line(covers, claims)


def links(group: str = "su3", shape: tuple[int, ...] = (2, 2)) -> Links:
    return Links(lattice.hot_start(group, shape, torch.Generator().manual_seed(5), BATCH))


def scalars(shape: tuple[int, ...] = (3, 3)) -> SiteScalars:
    generator = torch.Generator().manual_seed(5)
    return SiteScalars(torch.randn(BATCH, *shape, generator=generator, dtype=torch.float64), channels=0)


def invariant(f: Callable[..., Any], x: Links | SiteScalars, group: Any = FULL, out: Any = Scalars) -> Equivariance:
    return Equivariance(f, x, group=group, out=out)


def covariant(f: Callable[..., Any], x: Links, group: Any = FULL) -> Equivariance:
    return Equivariance(f, x, group=group, out=Links)


def force_claims(action: lattice.LoopAction, x: Links) -> list[Claim]:
    """The action is invariant, its force turns with the site from which the link leads, and is its gradient."""
    group = get_group(f"su{x.data.shape[-1]}") if x.data.is_complex() else get_group("u1")
    adjoint = Equivariance(
        lambda u: group.algebra(action.force(u)), x, group="gauge * translations", out=partial(SiteMatrices, channels=1)
    )
    scalar = Equivariance(action.force, x, group="gauge * translations", out=partial(SiteScalars, channels=1))
    return [invariant(action, x), adjoint if group.n > 1 else scalar, Gradient(action, x, gradient=action.force)]
