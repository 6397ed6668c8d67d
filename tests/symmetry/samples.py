"""Small examples for the tests of the symmetry harness, and its verdict in one call."""

from dataclasses import replace

import torch

from gaugeflow.symmetry import (
    Image,
    Points,
    Scalars,
    SiteScalars,
    check,
)
from gaugeflow.symmetry.actions.values import map_tensors
from gaugeflow.symmetry.checks.trials.casting import cast


def normal(*size, seed=0):
    return torch.randn(size, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def points(batch=3, n=5, seed=0):
    return Points(torch.randn(batch, n, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(seed)))


def image(batch=2, extent=6, seed=0):
    data = torch.randn(batch, 1, extent, extent, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return Image(data)


def field(*size, seed=0):
    return SiteScalars(torch.randn(size, generator=torch.Generator().manual_seed(seed), dtype=torch.float64))


def energy(r):
    return r.square().sum((1, 2)).cos() + r.norm(dim=2).sum(1)


def verdict(f, x=None, group="permutations", out=Scalars, **options):
    return check(f, points() if x is None else x, group, out=out, **options).verdict


def single(claim):
    """The claim with its example in float32 or complex64."""
    return replace(claim, x=map_tensors(lambda t: cast(t, torch.float32), claim.x))
