"""Equivariance that emerges in the mean of networks trained apart: its spread over an orbit falls as 1 / sqrt(M)."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from torch import Tensor

from equivariance_routes.charge_classes import BETA, GROUPS, classes, features, fields
from equivariance_routes.orbits import images, spread
from equivariance_routes.section import Part, section
from equivariance_routes.seeds import mean_error, slope
from equivariance_routes.stacked import StackedDense, descend
from gaugeflow.random import stream
from gaugeflow.symmetry import Links

GROUP = "D4"
SIZES = (1, 2, 4, 8, 16, 32)
BLOCKS, TRAINED, TESTED = 8, 32, 50
WIDTH, STEPS, RATE = 32, 200, 3e-3


def trained(rows: Tensor, targets: Tensor, generator: torch.Generator) -> StackedDense:
    """BLOCKS times 32 networks, each trained on all rows `(rows, inputs)` in every step."""
    networks = StackedDense(BLOCKS * SIZES[-1], [rows.shape[1], WIDTH, WIDTH, 1], generator)
    descend(networks, lambda _: (networks(rows)[..., 0] - targets).square().mean(1).sum(), STEPS, RATE)
    return networks


@torch.no_grad()
def spreads(networks: StackedDense, tested: Tensor) -> Tensor:
    """Relative spread over the orbit of the mean of M networks, `(BLOCKS, SIZES)`, root mean square over a block."""
    outputs = networks(tested.flatten(0, 1)).view(-1, *tested.shape[:2]).double()
    scale = outputs.mean(0).std()
    columns = []
    for size in SIZES:
        means = outputs.view(BLOCKS, -1, size, *tested.shape[:2]).mean(2)
        columns.append(spread(means.movedim(2, 0).movedim(-1, 1)).square().mean(1).sqrt() / scale)
    return torch.stack(columns, 1)


def part(augmented: bool) -> dict[str, Any]:
    """Spreads and slopes with errors over the blocks, on fields of the training law and on Haar links."""
    group, generator = GROUPS[GROUP], stream("routes", "emergent")
    links = fields(BETA, TRAINED, generator)
    orbit = torch.stack([features(moved).float() for moved in images(Links(links), group)])
    seen = orbit if augmented else orbit[:1]
    networks = trained(seen.flatten(0, 1), classes(links).float().repeat(len(seen)), generator)
    rows = []
    for law, beta in {f"beta = {BETA:g}": BETA, "Haar": 0.0}.items():
        moved = images(Links(fields(beta, TESTED, generator)), group)
        found = spreads(networks, torch.stack([features(each).float() for each in moved]))
        exponents = slope(torch.tensor(SIZES), found)
        row = {"law": law, "sizes": [*SIZES], "spread": [mean_error(column) for column in found.T]}
        rows.append(row | {"slope": mean_error(exponents)})
    return {"group": GROUP, "rows": rows}


@section("emergent")
def parts() -> dict[str, Part]:
    return {"full augmentation": partial(part, True), "no augmentation": partial(part, False)}
