"""Mistakes in log-determinants, inverses, Markov moves and gradients."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from gaugeflow.symmetry.actions.fields import Links
from gaugeflow.symmetry.actions.values import leaves
from gaugeflow.symmetry.breakers.base import on_claim
from gaugeflow.symmetry.claims import Balance, Bijection, Claim, Gradient


def _with_log_det(claim: Bijection, change: Any) -> Claim:
    """The forward map with log|det J| replaced by `change(x, y, log_det)`."""
    f = claim.f

    def broken(x: Tensor) -> tuple[Tensor, Tensor]:
        y, log_det = f(x)
        return y, change(x, y, log_det)

    return claim.with_f(broken)


@on_claim("missing Haar factor", "the log-det leaves out the Haar measure of the changed class angles", Bijection)
def _(claim: Bijection, strength: float) -> Claim | None:
    links = [leaf for leaf in leaves(claim.x) if isinstance(leaf, Links) and not leaf.is_abelian]
    if not links:
        return None

    def change(x: Tensor, y: Tensor, log_det: Tensor) -> Tensor:
        return log_det - strength * (_log_vandermonde(y) - _log_vandermonde(x))

    return _with_log_det(claim, change)


def _log_vandermonde(u: Tensor) -> Tensor:
    """sum over plaquettes in the plane of directions 0 and 1 of log prod |e^(i a) - e^(i b)|^2, `(b,)`."""
    p = u[:, 0] @ u[:, 1].roll(-1, 1) @ u[:, 0].roll(-1, 2).mH @ u[:, 1].mH
    eigenvalues = torch.linalg.eigvals(p.detach())
    i, j = torch.triu_indices(p.shape[-1], p.shape[-1], 1)
    return (2 * (eigenvalues[..., i] - eigenvalues[..., j]).abs().log()).sum(-1).flatten(1).sum(1)


@on_claim("log-det of the inverse", "the log-determinant has the wrong sign", Bijection)
def _(claim: Bijection, strength: float) -> Claim:
    return _with_log_det(claim, lambda x, y, log_det: log_det * (1 - 2 * strength))


@on_claim("log-det forgotten", "the log-determinant is zero, as for a shift", Bijection)
def _(claim: Bijection, strength: float) -> Claim:
    return _with_log_det(claim, lambda x, y, log_det: log_det * (1 - strength))


@on_claim("log-det averaged", "a mean over sites stands where the sum was meant", Bijection)
def _(claim: Bijection, strength: float) -> Claim:
    return _with_log_det(claim, lambda x, y, log_det: log_det * (1 - strength * 0.5))


@on_claim("log-det of a shifted site", "the log-determinant has a term that belongs elsewhere", Bijection)
def _(claim: Bijection, strength: float) -> Claim:
    def change(x: Tensor, y: Tensor, log_det: Tensor) -> Tensor:
        return log_det + strength * 0.1 * torch.tanh((x.real if x.is_complex() else x).flatten(1)[:, 0])

    return _with_log_det(claim, change)


@on_claim("inverse not converged", "the inverse stops short of its fixed point", Bijection)
def _(claim: Bijection, strength: float) -> Claim | None:
    inverse = claim.inverse
    if inverse is None:
        return None

    def broken(y: Tensor) -> tuple[Tensor, Tensor]:
        x, log_det = inverse(y)
        return x + strength * 0.05 * (y - x), log_det

    return replace(claim, inverse=broken)


@on_claim("rejections not counted", "a rejected proposal is tried again instead of keeping the old state", Balance)
def _(claim: Balance, strength: float) -> Claim:
    move = claim.f

    def broken(x: Tensor, generator: torch.Generator) -> Tensor:
        y = move(x, generator)
        for _ in range(20):
            stayed = (y == x).flatten(1).all(1)
            y = torch.where(stayed.reshape(-1, *[1] * (x.ndim - 1)), move(x, generator), y)
        return y

    return claim.with_f(broken)


@on_claim("uphill moves only", "a move to a less likely state is refused half of the time", Balance)
def _(claim: Balance, strength: float) -> Claim:
    move, log_prob = claim.f, claim.log_prob

    def broken(x: Tensor, generator: torch.Generator) -> Tensor:
        y = move(x, generator)
        refuse = (log_prob(y) < log_prob(x)) & (torch.rand(len(x), generator=generator) < 0.5)
        return torch.where(refuse.reshape(-1, *[1] * (x.ndim - 1)), x, y)

    return claim.with_f(broken)


@on_claim("wrong temperature", "the move samples another coupling than the density claims", Balance)
def _(claim: Balance, strength: float) -> Claim:
    log_prob = claim.log_prob
    return replace(claim, log_prob=lambda x: 1.3 * log_prob(x))


@on_claim("drift after the move", "the state is pulled a little after it was accepted", Balance)
def _(claim: Balance, strength: float) -> Claim:
    move = claim.f
    return claim.with_f(lambda x, generator: (lambda y: y - 0.05 * torch.sin(y))(move(x, generator)))


@on_claim("one component one way", "the first component only ever grows", Balance)
def _(claim: Balance, strength: float) -> Claim:
    move = claim.f

    def broken(x: Tensor, generator: torch.Generator) -> Tensor:
        y = move(x, generator)
        down = y.flatten(1)[:, 0] < x.flatten(1)[:, 0]
        return torch.where(down.reshape(-1, *[1] * (x.ndim - 1)), x, y)

    return claim.with_f(broken)


def _with_gradient(claim: Gradient, change: Any) -> Claim | None:
    gradient = claim.gradient
    return None if gradient is None else replace(claim, gradient=lambda x: change(gradient(x)))


@on_claim("gradient twice too large", "a factor two in the gradient", Gradient)
def _(claim: Gradient, strength: float) -> Claim | None:
    return _with_gradient(claim, lambda g: g * (1 + strength))


@on_claim("gradient of the wrong sign", "a force where the gradient was meant", Gradient)
def _(claim: Gradient, strength: float) -> Claim | None:
    return _with_gradient(claim, lambda g: g * (1 - 2 * strength))


@on_claim("gradient on the wrong site", "the gradient of the neighbouring site", Gradient)
def _(claim: Gradient, strength: float) -> Claim | None:
    return _with_gradient(claim, lambda g: g + strength * (g.roll(1, 2) - g))


@on_claim("gradient misses a direction", "one direction of the links is left out", Gradient)
def _(claim: Gradient, strength: float) -> Claim | None:
    def change(g: Tensor) -> Tensor:
        keep = torch.ones(g.shape[1], dtype=g.dtype)
        keep[-1] = 1 - strength
        return g * keep.reshape(-1, *[1] * (g.ndim - 2))

    return _with_gradient(claim, change)


@on_claim("detached term", "autograd does not see a part of the function", Gradient)
def _(claim: Gradient, strength: float) -> Claim | None:
    if claim.gradient is not None:
        return None
    f = claim.f
    return claim.with_f(
        lambda x: f(x) * (1 + strength * 0.3 * (x.real if x.is_complex() else x).detach().flatten(1)[:, 0])
    )
