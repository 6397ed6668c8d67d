"""Infinitely wide networks: the mean of trained ones is invariant where the training set is, at all times, anywhere."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from torch import Tensor

from equivariance_routes.charge_classes import BETA, GROUPS, classes, features, fields
from equivariance_routes.orbits import images, spread
from equivariance_routes.section import Part, section
from gaugeflow.random import stream
from gaugeflow.symmetry import Links
from gaugeflow.symmetry.examples.neural_tangent import mean_prediction, tangent_kernel

TRAINED, TESTED = 48, 50
TIMES = (0.1, 1.0, 100.0)
"""In units of the inverse mean eigenvalue of the kernel on the training set."""


def relative_spread(trained: Tensor, targets: Tensor, tested: Tensor, time: float) -> float:
    """Spread over the orbits of the predictions at features `(elements, batch, d)`, over the spread of all of them."""
    scale = float(tangent_kernel(trained, trained).diagonal().mean())
    predicted = mean_prediction(tested.flatten(0, 1), trained, targets, time / scale).view(tested.shape[:2])
    return float(spread(predicted) / predicted.std())


def part(name: str) -> dict[str, Any]:
    """The relative spread with the whole orbit of every training field and with the fields alone."""
    group, generator = GROUPS[name], stream("routes", "infinite width", name)
    links = fields(BETA, TRAINED, generator)
    targets = classes(links).double()
    targets -= targets.mean()
    orbit = torch.stack([features(moved) for moved in images(Links(links), group)])
    rows = []
    for law, beta in {f"beta = {BETA:g}": BETA, "Haar": 0.0}.items():
        moved = images(Links(fields(beta, TESTED, generator)), group)
        tested = torch.stack([features(each) for each in moved])
        for time in TIMES:
            with_all = relative_spread(orbit.flatten(0, 1), targets.repeat(len(orbit)), tested, time)
            without = relative_spread(features(links), targets, tested, time)
            rows.append({"law": law, "time": time, "augmented": with_all, "plain": without})
    return {"rows": rows}


@section("infinite-width")
def parts() -> dict[str, Part]:
    return {name: partial(part, name) for name in GROUPS}
