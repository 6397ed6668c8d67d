"""Mistakes in how a total grows with the system, in how far it sees, and at a cut-off."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from gaugeflow.symmetry.actions.fields import SiteScalars
from gaugeflow.symmetry.actions.particles import Points
from gaugeflow.symmetry.actions.values import leaves
from gaugeflow.symmetry.breakers.base import on_claim
from gaugeflow.symmetry.claims import Claim, Extensive, Local, Smooth


def _first(raw: tuple[Any, ...]) -> Tensor:
    """The first input in real numbers, `(b, components)`."""
    x = raw[0]
    return (torch.view_as_real(x) if x.is_complex() else x).flatten(1)


def _with(claim: Claim, change: Callable[[Tensor, Tensor], Tensor]) -> Claim:
    """The output y replaced by `change(y, first input)`."""
    f = claim.f
    return claim.with_f(lambda *raw: change(f(*raw), _first(raw)))


def _like(numbers: Tensor, y: Tensor) -> Tensor:
    """Numbers `(b,)` beside an output."""
    return numbers.to(y.dtype).reshape(-1, *[1] * (y.ndim - 1))


@on_claim("mean where a sum was meant", "the total is divided by the size of the system", Extensive)
def _(claim: Extensive, strength: float) -> Claim:
    size = leaves(claim.x)[0].data[0].numel()
    size *= 2 if leaves(claim.x)[0].data.is_complex() else 1
    return _with(claim, lambda y, x: y * (1 + strength * (size / x.shape[1] - 1)))


@on_claim("a constant of each system", "a number is added that does not grow with the system", Extensive)
def _(claim: Extensive, strength: float) -> Claim:
    return _with(claim, lambda y, x: y + strength * 0.3)


@on_claim("a norm of the whole", "the output is divided by a norm over the system, not over each site", Extensive)
def _(claim: Extensive, strength: float) -> Claim:
    return _with(claim, lambda y, x: y / (1 + strength * _like(x.square().sum(1).sqrt(), y)))


@on_claim("the mean of the system seen", "the output is scaled with a mean over all sites or particles", Local)
def _(claim: Local, strength: float) -> Claim:
    return _with(claim, lambda y, x: y * (1 + 0.3 * strength * _like(torch.tanh(x.mean(1)), y)))


@on_claim("one layer too many", "the outputs of sites one step too far are added", Local)
def _(claim: Local, strength: float) -> Claim | None:
    if not isinstance(leaves(claim.x)[0], SiteScalars) or claim.out == "scalars":
        return None
    return _with(claim, lambda y, x: y + 0.1 * strength * y.roll(y.shape[-1] // 2, -1))


@on_claim("a tail beyond the cut-off", "pairs at any distance add exp(-d)", Local)
def _(claim: Local, strength: float) -> Claim | None:
    if not isinstance(claim.x, Points):
        return None

    def tail(y: Tensor, x: Tensor) -> Tensor:
        r = x.reshape(len(x), -1, claim.x.data.shape[-1])
        apart = (r.unsqueeze(2) - r.unsqueeze(1)).square().sum(-1)
        return y + strength * torch.exp(-(apart + 1e-2).sqrt()).sum((1, 2))

    return _with(claim, tail)


def _wave(claim: Smooth) -> Callable[[Tensor], Tensor]:
    """The first coordinate in units of a quarter of the size of the example."""
    size = float(_first((leaves(claim.x)[0].data,)).square().mean().sqrt())
    return lambda x: 4 * x[:, 0] / size


@on_claim("cut off without smoothing", "a term is switched on and off at some coordinates", Smooth)
def _(claim: Smooth, strength: float) -> Claim:
    wave = _wave(claim)
    return _with(claim, lambda y, x: y + 0.1 * strength * (1 + y.abs()) * _like(wave(x).floor() % 2, y))


@on_claim("kink at a cut-off", "a term goes to zero along a straight line and stays there", Smooth)
def _(claim: Smooth, strength: float) -> Claim:
    wave = _wave(claim)
    return _with(claim, lambda y, x: y + strength * (1 + y.abs()) * _like(torch.sin(3.1 * wave(x)).clamp(min=0), y))
