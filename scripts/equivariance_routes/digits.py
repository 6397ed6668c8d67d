"""Handwritten digits on 8 x 8 under C4, C8 and C16: quarter turns are exact, all others interpolate between pixels.

Networks learn the digits 0 to 4; the digits 5 to 9 are outside of what they know, and so is noise.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from torch import Tensor

from equivariance_routes.orbit_table import Problem, rows
from equivariance_routes.section import Part, section
from gaugeflow.random import stream
from gaugeflow.symmetry import Cyclic, Image

ORDERS = (4, 8, 16)
KNOWN, TRAINED, STEPS = 5, 600, 600


def pictures() -> tuple[Tensor, Tensor]:
    """Pictures `(1797, 1, 8, 8)` with values from 0 to 1, and what they show (scikit-learn's `load_digits`)."""
    from sklearn.datasets import load_digits

    data = load_digits()
    return torch.from_numpy(data.images)[:, None] / 16, torch.from_numpy(data.target)


def part(order: int) -> dict[str, Any]:
    """One group: the rows of the orbit table."""
    x, digit = pictures()
    known = digit < KNOWN
    train, test = (x[known][part] for part in (slice(TRAINED), slice(TRAINED, None)))
    labels = digit[known]
    generator = stream("routes", "digits", order)
    noise = torch.rand(400, 1, 8, 8, generator=generator, dtype=x.dtype)
    unknown = x[~known][:400]
    tested = {
        "digits 0 to 4": (test, labels[TRAINED:]),
        "digits 5 to 9": (unknown, digit[~known][:400]),
        "noise": (noise, torch.full((400,), -1)),
    }
    still = torch.arange(64)[None]
    flat = partial(torch.flatten, start_dim=1)
    problem = Problem(Cyclic(order), Image, flat, train, labels[:TRAINED], still, torch.clone, shared=True, steps=STEPS)
    return {"order": order, "outside": ["digits 5 to 9"], "rows": rows(problem, tested, generator)}


@section("digits")
def parts() -> dict[str, Part]:
    return {f"C{order}": partial(part, order) for order in ORDERS}
