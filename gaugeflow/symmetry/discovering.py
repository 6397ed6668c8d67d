"""Which symmetries the functions of a target have, of which nothing is claimed: `gaugeflow check --discover`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch

from gaugeflow.symmetry.actions.fields import SiteScalars
from gaugeflow.symmetry.actions.scalars import Invariants, Scalars, SignedLog
from gaugeflow.symmetry.actions.values import leaves
from gaugeflow.symmetry.algebra.directions.widest import widest_family
from gaugeflow.symmetry.algebra.discovery import Discovery, symmetries_of
from gaugeflow.symmetry.checks.growth import halved
from gaugeflow.symmetry.checks.trials.subject import Subject, Unusable
from gaugeflow.symmetry.checks.trials.trials import master
from gaugeflow.symmetry.claims import Balance, Claim, Discovered, Equivariance, Gradient
from gaugeflow.symmetry.reports.plain import to_json

__all__ = ["NothingFound", "discover", "discoveries_text"]

ENOUGH = 512
"""The number of directions up to which an example is looked through as it is: a second or two."""


@dataclass(frozen=True)
class NothingFound:
    """A function that could not be looked at, and why."""

    name: str
    message: str

    def __str__(self) -> str:
        return f"{self.name}: not looked at: {self.message}"

    def to_dict(self) -> dict[str, Any]:
        return vars(self).copy()


def discover(claims: Sequence[Claim], seed: int) -> list[Discovery | NothingFound]:
    """The symmetries of the function of each claim, of the density if it is a Markov move. An example with more
    than 512 directions is halved until it has fewer, and the name says so."""
    return [_found(claim, seed) for claim in claims]


def _found(claim: Claim, seed: int) -> Discovery | NothingFound:
    label = claim.name
    try:
        f = _function(claim)
        smaller = _smaller(claim)
        if smaller.x is not claim.x:
            sizes = ", ".join(f"{name} = {size}" for leaf in leaves(smaller.x) for name, size in leaf.sizes().items())
            label += f" at {sizes}"
        batched = claim.options.get("batched", True) if isinstance(claim, Equivariance) else True
        return symmetries_of(f, smaller.x, seed=seed, batched=batched, label=label)
    except ValueError as error:
        return NothingFound(claim.name, " ".join(str(error).removeprefix(f"{label}: ").split()))


def _smaller(claim: Claim) -> Claim:
    x = claim.x
    while widest_family(x).size > ENOUGH and (half := halved(x)) is not None:
        x = half
    return claim if x is claim.x else replace(claim, x=x)


def _function(claim: Claim) -> Any:
    """The function to numbers of a claim, those at the sites summed; a `ValueError` where it returns anything that a
    symmetry moves along."""
    if isinstance(claim, Balance):
        return claim.log_prob
    if isinstance(claim, Equivariance):
        y = _output(claim)
        if len(y) == 1 and type(y[0]) is SiteScalars:
            return _summed(claim.f, y[0].channels)
        moving = sorted({leaf.name for leaf in y if not isinstance(leaf, (Scalars, SignedLog, Invariants))})
        if moving:
            raise ValueError(f"expected a function to numbers, an action or a density, got one to {', '.join(moving)}")
    elif type(claim) is not Claim and not isinstance(claim, (Gradient, Discovered)):
        raise ValueError(f"expected a function to numbers, got a claim of the kind {type(claim).__name__}")
    return claim.f


def _summed(f: Callable[..., Any], channels: int) -> Callable[..., Any]:
    """A function to numbers at the sites, `(batch, channels..., *shape)`, summed over these."""
    return lambda *args: f(*args).flatten(1 + channels).sum(-1)


def _output(claim: Equivariance) -> list[Any]:
    subject = Subject(claim.f, claim.out, claim.options.get("batched", True))
    try:
        return leaves(subject(master(claim.x), torch.float64))
    except Unusable as unusable:
        raise ValueError(unusable.message) from unusable
    finally:
        subject.restore()


def discoveries_text(found: Sequence[Discovery | NothingFound], json: bool) -> str:
    """One JSON object with the key `discoveries`, or a paragraph for each function."""
    return to_json({"discoveries": [one.to_dict() for one in found]}) if json else "\n".join(map(str, found))
