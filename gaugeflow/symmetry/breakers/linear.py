"""Mistakes inside a linear layer that is said to reach every map that commutes with a group."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from gaugeflow.symmetry.breakers.base import on_claim
from gaugeflow.symmetry.claims import Claim, Complete

__all__: list[str] = []


class _OneNumber(nn.Module):
    """A weight whose entries are all the first of them."""

    def forward(self, weight: Tensor) -> Tensor:
        return weight.flatten()[0].expand(weight.shape)


@on_claim("weights tied too much", "all entries of a layer's first weight are one number", Complete)
def _(claim: Complete, strength: float) -> Claim | None:
    f = copy.deepcopy(claim.f)
    if not isinstance(f, nn.Module):
        return None
    name, _ = next(f.named_parameters())
    path, _, leaf = name.rpartition(".")
    parametrize.register_parametrization(f.get_submodule(path), leaf, _OneNumber())
    return claim.with_f(f)


@on_claim("a linear layer weights by position", "its input is scaled along the last axis", Complete)
def _(claim: Complete, strength: float) -> Claim | None:
    f = claim.f

    def broken(x: Tensor) -> Tensor:
        return f(x * (1 + torch.linspace(0, 1, x.shape[-1], dtype=x.real.dtype, device=x.device)))

    return claim.with_f(broken)
