"""Mistakes in routes from a function to an equivariant one, and in groups."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from dataclasses import replace
from typing import Any

import torch

from gaugeflow.symmetry.actions.euclidean import Euclidean
from gaugeflow.symmetry.actions.fields import Links
from gaugeflow.symmetry.actions.gauge import LocalGauge
from gaugeflow.symmetry.actions.groups import Element, Group, Parameters
from gaugeflow.symmetry.actions.values import Tree, Value, map_columns, map_leaves, raw_of
from gaugeflow.symmetry.breakers.base import on_claim
from gaugeflow.symmetry.checks.trials.outputs import wrap
from gaugeflow.symmetry.claims import Action, Claim, Equivariance
from gaugeflow.symmetry.routes import Average, Canonical, Frame, Route
from gaugeflow.symmetry.routes.choices.axes import principal_axes
from gaugeflow.symmetry.routes.choices.chosen import Chosen

_ALL_SIGNS = 1e30


def _blended(claim: Equivariance, kind: type[Route], strength: float) -> Claim:
    """The route and the same one with a mistake, in parts 1 - strength and strength."""
    right, out = claim.f, claim.out
    wrong = kind(right.f, right.types, right.group, out=right.out)  # type: ignore[attr-defined]

    def broken(*args: Any, **kwargs: Any) -> Any:
        both = [wrap(out, route(*args, **kwargs)) for route in (right, wrong)]
        return raw_of(map_columns(lambda pair: pair[0] + strength * (pair[1] - pair[0]), both))

    return claim.with_f(broken)


class _LeftWhereItIs(Average):
    def _returned(self, g: Element, y: Tree) -> Tree:
        return y


@on_claim("average without the way back", "the outputs are averaged as they come, without D_Y(g)", Equivariance)
def _(claim: Equivariance, strength: float) -> Claim | None:
    return _blended(claim, _LeftWhereItIs, strength) if type(claim.f) is Average else None


class _Unweighted(Frame):
    def chosen(self, x: Tree) -> Chosen:
        assert isinstance(self.group, Euclidean)
        return principal_axes(self.group, x, _ALL_SIGNS)


@on_claim("frame of unweighted axes", "principal axes with all their signs instead of weighted frames", Equivariance)
def _(claim: Equivariance, strength: float) -> Claim | None:
    applies = type(claim.f) is Frame and isinstance(claim.f.group, Euclidean)
    return _blended(claim, _Unweighted, strength) if applies else None


class _LinkLeftOut(Canonical):
    def _stage(self, group: Group, x: Tree) -> Chosen:
        return super()._stage(group, map_leaves(_without_first_link, x))


def _without_first_link(leaf: Value) -> Value:
    """The link in direction 0 at the root, a link of the tree, set to one."""
    if not isinstance(leaf, Links):
        return leaf
    links = leaf.data.clone()
    first = links[:, 0].flatten(1, len(leaf.shape))[:, 0]  # a view of the first site
    first.copy_(torch.zeros_like(first) if leaf.is_abelian else torch.eye(leaf.colour).to(first).expand_as(first))
    return leaf.with_data(links)


@on_claim("link left out of the tree", "the gauge of the tree takes one of its links for one", Equivariance)
def _(claim: Equivariance, strength: float) -> Claim | None:
    applies = type(claim.f) is Canonical and isinstance(claim.f.stages[-1], LocalGauge)
    return _blended(claim, _LinkLeftOut, strength) if applies else None


class _FirstOfTies(Canonical):
    def chosen(self, x: Tree) -> Chosen:
        found = super().chosen(x)
        rows = torch.cat([torch.ones_like(found.entry[:1]), found.entry.diff()]).nonzero().flatten()
        return Chosen(found.element.take(rows), found.entry[rows], torch.ones_like(found.weight[rows]))


@on_claim("first of ties", "of elements with equal scores the first in the list is taken", Equivariance)
def _(claim: Equivariance, strength: float) -> Claim | None:
    return _blended(claim, _FirstOfTies, strength) if type(claim.f) is Canonical else None


def _on_group(name: str, text: str, change: Callable[[type[Group]], dict[str, Any]]) -> None:
    """Register a mistake in the methods of a group."""

    @on_claim(name, text, Action)
    def _(claim: Action, strength: float) -> Claim:
        kind, group = type(claim.f), copy(claim.f)
        group.__class__ = type(kind.__name__, (kind,), change(kind))
        return replace(claim, f=group)


def _reversed(kind: type[Group]) -> dict[str, Any]:
    def compose(self: Group, g: Parameters, h: Parameters) -> Parameters:
        return kind.compose(self, h, g)

    return {"compose": compose}


def _forgotten(kind: type[Group]) -> dict[str, Any]:
    def inverse(self: Group, g: Parameters) -> Parameters:
        return g

    return {"inverse": inverse}


_on_group("elements multiplied backwards", "compose(g, h) is h g, as where D(1/g) was registered for D(g)", _reversed)
_on_group("inverse forgotten", "inverse(g) is g", _forgotten)
