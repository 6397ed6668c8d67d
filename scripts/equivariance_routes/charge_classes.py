"""The classes |Q| = 0, 1, >= 2 of U(1) fields on 8 x 8, under groups of order 4, 8 and 16: exact actions."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import torch
from torch import Tensor

from equivariance_routes.orbit_table import SEEDS, Problem, rows
from equivariance_routes.section import Part, section
from gaugeflow.lattice import WilsonAction, charge_geometric, cold_start
from gaugeflow.montecarlo import ExactSampler
from gaugeflow.random import stream
from gaugeflow.symmetry import ChargeConjugation, Group, Hypercubic, Links

__all__ = ["BETA", "GROUPS", "classes", "features", "fields"]

SHAPE = (8, 8)
GROUPS: dict[str, Group] = {
    "C4": Hypercubic(reflections=False),
    "D4": Hypercubic(),
    "D4 x C": Hypercubic() * ChargeConjugation(),
}
BETA, OUTSIDE = 2.0, {"beta = 0.5": 0.5, "beta = 6": 6.0, "Haar": 0.0}
FIELDS, TESTED, TRANSLATES, STEPS = 2000, 400, 8, 1200


def fields(beta: float, count: int, generator: torch.Generator) -> Tensor:
    """Independent configurations, `(count, 2, 8, 8)`; beta = 0 is Haar."""
    return ExactSampler(WilsonAction(2, beta)).update(cold_start("u1", SHAPE, chains=count), generator)[0]


def classes(links: Tensor) -> Tensor:
    """0, 1 or 2 for |Q| = 0, 1 or more."""
    return charge_geometric(links).round().abs().long().clamp_max(2)


def features(links: Tensor) -> Tensor:
    """Cosines and sines of the plaquettes, `(batch, 128)`."""
    angle = (links[:, 0] + links[:, 1].roll(-1, 1) - links[:, 0].roll(-1, 2) - links[:, 1]).flatten(1)
    return torch.cat((angle.cos(), angle.sin()), 1)


def translations() -> Tensor:
    """All 64 as permutations of the features."""
    sites = torch.arange(math.prod(SHAPE)).view(SHAPE)
    moved = torch.stack([sites.roll((a, b), (0, 1)).flatten() for a in range(SHAPE[0]) for b in range(SHAPE[1])])
    return torch.cat((moved, moved + sites.numel()), 1)


def translates(links: Tensor) -> Tensor:
    """Each field moved by some vectors, side by side."""
    shifts = [(3 * k, 5 * k + k // 4) for k in range(TRANSLATES)]
    return torch.stack([links.roll(shift, (2, 3)) for shift in shifts], 1).flatten(0, 1)


def part(name: str) -> dict[str, Any]:
    """One group: the rows of the orbit table."""
    generator = stream("routes", "orbit", name)
    laws = {f"beta = {BETA:g}": BETA, **OUTSIDE}
    tested = {law: fields(beta, TESTED, stream("routes", "orbit", law)) for law, beta in laws.items()}
    x = fields(BETA, SEEDS * FIELDS, generator)
    problem = Problem(
        GROUPS[name], Links, features, x, classes(x), translations(), translates, shared=False, steps=STEPS
    )
    found = rows(problem, {law: (links, classes(links)) for law, links in tested.items()}, generator)
    return {"order": GROUPS[name].order(Links(x)), "outside": [*OUTSIDE], "rows": found}


@section("orbit")
def parts() -> dict[str, Part]:
    return {name: partial(part, name) for name in GROUPS}
