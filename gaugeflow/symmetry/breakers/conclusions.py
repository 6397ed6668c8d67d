"""Mistakes in what follows from a symmetry: conserved charges, symmetric outputs, discovered symmetries, invariants."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from gaugeflow.symmetry.breakers.base import on_claim
from gaugeflow.symmetry.claims import Claim, Conservation, Curie, Discovered, Separating


def _with_momenta(claim: Conservation, change: Callable[[Tensor, Tensor], Tensor]) -> Claim:
    """The step with its new momenta replaced by `change(old, new)`."""
    step = claim.f

    def broken(q: Any, p: Tensor) -> tuple[Any, Tensor]:
        q_new, p_new = step(q, p)
        return q_new, change(p, p_new)

    return claim.with_f(broken)


@on_claim(
    "force wrong in one direction", "the force on the links of direction 0, or on particle 0, is larger", Conservation
)
def _(claim: Conservation, strength: float) -> Claim:
    def change(old: Tensor, new: Tensor) -> Tensor:
        factor = torch.ones(new.shape[1], dtype=new.dtype)
        factor[0] = 1 + 0.5 * strength
        return old + factor.reshape(-1, *[1] * (new.ndim - 2)) * (new - old)

    return _with_momenta(claim, change)


@on_claim("friction", "the momenta lose a part in each step", Conservation)
def _(claim: Conservation, strength: float) -> Claim:
    return _with_momenta(claim, lambda old, new: (1 - 0.1 * strength) * new)


@on_claim("a constant force", "every momentum grows by the same number in each step", Conservation)
def _(claim: Conservation, strength: float) -> Claim:
    return _with_momenta(claim, lambda old, new: new + 0.1 * strength)


@on_claim("force on the wrong site", "the force is that on the next site along the first axis", Conservation)
def _(claim: Conservation, strength: float) -> Claim:
    return _with_momenta(claim, lambda old, new: new + strength * ((new - old).roll(1, 2) - (new - old)))


def _with_output(claim: Claim, change: Callable[[Tensor], Tensor]) -> Claim:
    f = claim.f
    return claim.with_f(lambda *args: change(f(*args)))


@on_claim("the first entry along an axis apart", "numbers at the beginning of the last axis count more", Curie)
def _(claim: Curie, strength: float) -> Claim:
    def change(y: Tensor) -> Tensor:
        weight = torch.ones(y.shape[-1], dtype=y.dtype)
        weight[0] = 1 + 0.5 * strength
        return y * weight

    return _with_output(claim, change)


@on_claim("a neighbour preferred", "the next number along the last axis is added, and none of the others", Curie)
def _(claim: Curie, strength: float) -> Claim:
    return _with_output(claim, lambda y: y + 0.5 * strength * y.roll(1, -1))


@on_claim("ties broken by the order", "of the largest numbers that are equal the first one grows", Curie)
def _(claim: Curie, strength: float) -> Claim:
    def change(y: Tensor) -> Tensor:
        flat = y.flatten(1)
        same = (flat.unsqueeze(1) - flat.unsqueeze(2)).abs() < 1e-9
        tied = torch.where(same.sum(1) > 1, flat, -torch.inf)
        first = (tied > tied.amax(1, keepdim=True) - 1e-9).int().argmax(1)
        return (flat * (1 + 0.5 * strength * torch.nn.functional.one_hot(first, flat.shape[1]))).reshape(y.shape)

    return _with_output(claim, change)


def _first(args: tuple[Any, ...]) -> Tensor:
    """The first tensor of the input as real numbers `(batch, n)`."""
    return (args[0].real if args[0].is_complex() else args[0]).flatten(1)


@on_claim("a mass term", "a function of every number of the input by itself is added", Discovered)
def _(claim: Discovered, strength: float) -> Claim:
    f = claim.f
    return claim.with_f(lambda *args: f(*args) + strength * (1 - torch.cos(_first(args))).sum(1))


@on_claim("one number pinned", "a function of the first number of the input is added", Discovered)
def _(claim: Discovered, strength: float) -> Claim:
    f = claim.f
    return claim.with_f(lambda *args: f(*args) + strength * torch.sin(_first(args)[:, 0]))


@on_claim(
    "a factor that depends on one number", "the result is multiplied by a function of the first number", Discovered
)
def _(claim: Discovered, strength: float) -> Claim:
    f = claim.f
    return claim.with_f(lambda *args: f(*args) * (1 + 0.5 * strength * torch.tanh(_first(args)[:, 0])))


@on_claim("features averaged", "the mean of all features is returned", Separating)
def _(claim: Separating, strength: float) -> Claim:
    return _with_output(claim, lambda y: y.flatten(1).mean(1, keepdim=True))


@on_claim("features forgotten", "only the first half of what is needed is returned", Separating)
def _(claim: Separating, strength: float) -> Claim:
    return _with_output(claim, lambda y: y.flatten(1)[:, :4])


@on_claim("features with a raw component", "the first number of the input enters as a factor", Separating)
def _(claim: Separating, strength: float) -> Claim:
    f = claim.f
    return claim.with_f(lambda *args: f(*args).flatten(1) * (1 + 0.5 * torch.tanh(_first(args)[:, :1])))
