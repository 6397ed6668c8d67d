"""Which directions functions do not change along, although nobody said so."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from algebra_rows.row import row
from gaugeflow.symmetry import Links, symmetries_of
from gaugeflow.symmetry.actions.haar import haar
from gaugeflow.symmetry.examples.cases import wilson_action, wilson_log_prob

FOUND = "symmetries that nobody put in"
ANGLES = Links(torch.zeros(1, 2, 3, 3))


def discovered(f: Callable[[Tensor], Tensor], x: Links) -> str:
    found = symmetries_of(f, x)
    names = [f"{part.extra} {part.name}" for part in found.named if part.extra]
    unnamed = [f"{found.unnamed} unnamed"] if found.unnamed else []
    return f"{found.found} of {found.size}" + (f" = {' + '.join(names + unnamed)}" if found.found else "")


@row(FOUND, "U(1), 3 x 3: the plaquette action", "10 of 18 = 8 gauge + 2 centre", most=5)
def _() -> str:
    return discovered(wilson_log_prob, ANGLES)


@row(FOUND, "U(1), 3 x 3: the plaquette action and a mass of the links", "0 of 18", most=5)
def _() -> str:
    return discovered(lambda theta: wilson_log_prob(theta) + (1 - theta.cos()).sum((1, 2, 3)), ANGLES)


@row(FOUND, "SU(2), 3 x 3: the Wilson action", "27 of 108 = 27 gauge", most=5)
def _() -> str:
    links = Links(haar((1, 2, 3, 3), 2, torch.Generator().manual_seed(0)))
    return discovered(wilson_action, links)
