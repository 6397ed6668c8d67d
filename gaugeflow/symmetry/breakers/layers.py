"""Mistakes inside a model: one middle layer is replaced in a copy of it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from gaugeflow.symmetry.actions.groups import group_named
from gaugeflow.symmetry.actions.lattice import Translations
from gaugeflow.symmetry.actions.values import map_tensors
from gaugeflow.symmetry.breakers.base import on_claim
from gaugeflow.symmetry.breakers.power import activations
from gaugeflow.symmetry.checks.layers.readings import Reader
from gaugeflow.symmetry.checks.layers.trace import rebuild
from gaugeflow.symmetry.checks.trials.trials import Trials, master
from gaugeflow.symmetry.claims import Claim, Equivariance

__all__ = ["BrokenLayer", "break_layer"]


class BrokenLayer(nn.Module):
    """A layer whose output goes through `change`."""

    def __init__(self, inner: nn.Module, change: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.inner = inner
        self.change = change

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        return rebuild(self.inner(*args, **kwargs), self.change)


def break_layer(f: Callable[..., Any], path: str, change: Callable[[Tensor], Tensor]) -> Callable[..., Any]:
    """A copy of the module `f` (or of the module whose method `f` is) with the layer at `path` broken."""
    root: Any = copy.deepcopy(getattr(f, "__self__", f))
    inner = root.get_submodule(path)
    parent, _, name = path.rpartition(".")
    setattr(root.get_submodule(parent), name, BrokenLayer(inner, change))
    return getattr(root, f.__name__) if hasattr(f, "__self__") else root


def _break(claim: Equivariance, fits: Callable[[Tensor], bool], change: Callable[[Tensor], Tensor]) -> Claim | None:
    """The middle one of the layers whose output fits, and transforms in a way with which `change` does not commute."""
    example = map_tensors(lambda t: t[:1], master(claim.x))
    g = Trials(example, group_named(claim.group), 7, 1, 1).draw(0)[1]
    reader = Reader(example, g, torch.float64, ())
    before, after = activations(claim, example), activations(claim, g(example))
    paths = [
        path
        for (path, a), (_, b) in zip(before, after, strict=True)
        if path and fits(a) and _breaks(reader, a, b, change)
    ]
    return claim.with_f(break_layer(claim.f, paths[len(paths) // 2], change)) if paths else None


def _breaks(reader: Reader, before: Tensor, after: Tensor, change: Callable[[Tensor], Tensor]) -> bool:
    best = reader.readings(before, after)[:1]
    if not best or best[0].error > 1e-9:
        return False
    again = reader.readings(change(before), change(after))
    return not any(r.name == best[0].name and r.error < 1e-9 for r in again)


@on_claim("a layer weights by position", "a middle layer's output is scaled along its second last axis", Equivariance)
def _(claim: Equivariance, strength: float) -> Claim | None:
    def change(t: Tensor) -> Tensor:
        n = t.shape[-2]
        weight = torch.linspace(-0.5, 0.5, n, dtype=t.real.dtype, device=t.device)
        return t * (1 + strength * weight.unsqueeze(-1))

    return _break(claim, lambda t: t.ndim >= 3 and t.shape[-2] > 1, change)


@on_claim("a layer adds a bias to components", "a real constant is added to complex activations", Equivariance)
def _(claim: Equivariance, strength: float) -> Claim | None:
    return _break(claim, Tensor.is_complex, lambda t: t + 0.3 * strength)


@on_claim("a layer activates components", "a middle layer's real and imaginary parts go through a ReLU", Equivariance)
def _(claim: Equivariance, strength: float) -> Claim | None:
    def change(t: Tensor) -> Tensor:
        return t + strength * (torch.view_as_complex(torch.view_as_real(t).relu()) - t)

    return _break(claim, Tensor.is_complex, change)


@on_claim("a layer conjugates", "a middle layer returns the conjugate of complex activations", Equivariance)
def _(claim: Equivariance, strength: float) -> Claim | None:
    return _break(claim, Tensor.is_complex, lambda t: t + strength * (t.conj() - t))


@on_claim("zero padding in a convolution", "the middle periodic convolution pads with zeros", Equivariance)
def _(claim: Equivariance, strength: float) -> Claim | None:
    root = copy.deepcopy(getattr(claim.f, "__self__", claim.f))
    if not isinstance(root, nn.Module):
        return None
    moves = any(isinstance(part, Translations) for part in group_named(claim.group).parts())
    found = [m for m in root.modules() if isinstance(m, nn.Conv2d) and m.padding_mode == "circular"]
    if not found or not moves:
        return None
    found[len(found) // 2].padding_mode = "zeros"
    return claim.with_f(getattr(root, claim.f.__name__) if hasattr(claim.f, "__self__") else root)
