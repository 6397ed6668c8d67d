"""What a breaker is, and the three ways to register one.

* `on_input(name, text, Links)` changes the values of one type before the model sees them,
* `on_output(name, text, SiteMatrices)` changes those that it returns,
* `on_claim(name, text, Bijection)` changes anything about a claim.

The change of a value is applied with a strength: x + strength (b(x) - x); with `blend = False` the change itself is
the whole mistake. A breaker of values applies to a claim if b
itself does not commute with the group: that is found out, not declared.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from gaugeflow.symmetry.actions.groups import NoAction, group_named
from gaugeflow.symmetry.actions.values import Tree, Value, batch_size, call_raw, leaves, map_leaves, raw_of
from gaugeflow.symmetry.checks.trials.maps import spec_of
from gaugeflow.symmetry.checks.trials.subject import Subject, Unusable, compare, wrap
from gaugeflow.symmetry.checks.trials.trials import Trials, master
from gaugeflow.symmetry.claims import Action, Balance, Claim, Complete, Equivariance, Separating

__all__ = ["BREAKERS", "Breaker", "on_claim", "on_input", "on_output"]

BREAKERS: dict[str, Breaker] = {}

Change = Callable[[Any], Any]


@dataclass(frozen=True)
class Breaker:
    """A named mistake. `apply(claim, strength)` is the broken claim, None where the mistake cannot be made.

    A mistake that is not `graded` is the same at every strength.
    """

    name: str
    text: str
    apply: Callable[[Any, float], Claim | None]
    graded: bool = True


def on_claim(name: str, text: str, kind: type[Claim]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register `break_(claim, strength) -> claim | None` for claims of one kind."""

    def register(break_: Callable[..., Any]) -> Callable[..., Any]:
        def apply(claim: Claim, strength: float) -> Claim | None:
            return break_(claim, strength) if isinstance(claim, kind) else None

        BREAKERS[name] = Breaker(
            name, text, apply, graded=not issubclass(kind, (Action, Balance, Complete, Separating))
        )
        return break_

    return register


def on_input(name: str, text: str, kind: type[Value], blend: bool = True) -> Callable[[Change], Change]:
    """Register a change of the inputs of type `kind`; it must return a value of the same shape."""

    def register(change: Change) -> Change:
        def apply(claim: Claim, strength: float) -> Claim | None:
            if not isinstance(claim, Equivariance):
                return None
            changed = _tree_change(change, kind, strength if blend else None)
            if not _changes_and_breaks(changed, claim, master(claim.x), kind, strength if blend else 1.0):
                return None
            f, x = claim.f, claim.x

            def broken(*args: Any, **kwargs: Any) -> Any:
                return call_raw(f, raw_of(changed(_rewrap(x, kwargs or args))))

            return claim.with_f(broken)

        BREAKERS[name] = Breaker(name, text, apply, graded=blend)
        return change

    return register


def on_output(name: str, text: str, kind: type[Value], blend: bool = True) -> Callable[[Change], Change]:
    """Register a change of the outputs of type `kind`."""

    def register(change: Change) -> Change:
        def apply(claim: Claim, strength: float) -> Claim | None:
            if not isinstance(claim, Equivariance):
                return None
            try:
                y = Subject(claim.f, claim.out, claim.options.get("batched", True))(master(claim.x), torch.float64)
            except Unusable:
                return None
            changed = _tree_change(change, kind, strength if blend else None)
            if not _changes_and_breaks(changed, claim, y, kind, strength if blend else 1.0):
                return None
            f, out = claim.f, claim.out

            def broken(*args: Any, **kwargs: Any) -> Any:
                return raw_of(changed(wrap(out, f(*args, **kwargs))))

            return claim.with_f(broken)

        BREAKERS[name] = Breaker(name, text, apply, graded=blend)
        return change

    return register


def _tree_change(change: Change, kind: type[Value], strength: float | None) -> Callable[[Tree], Tree]:
    """The change of every leaf of type `kind`, blended with the leaf itself unless `strength` is None."""

    def leaf_change(leaf: Value) -> Value:
        if not isinstance(leaf, kind):
            return leaf
        new = change(leaf)
        if strength is None:
            return new
        return leaf.with_data(leaf.data + strength * (new.data - leaf.data))

    return lambda tree: map_leaves(leaf_change, tree)


def _rewrap(like: Tree, raw: Any) -> Tree:
    """Plain arguments as values like `like`; positional ones come as a tuple, also where there is only one."""
    if isinstance(like, (tuple, dict)) or (isinstance(raw, tuple) and len(raw) > 1):
        return wrap(spec_of(like), raw)
    return wrap(spec_of(like), next(iter(raw.values())) if isinstance(raw, dict) else raw[0])


def _changes_and_breaks(
    changed: Callable[[Tree], Tree], claim: Equivariance, y: Tree, kind: type[Value], strength: float
) -> bool:
    """Whether the change does not commute with the group on `y`, for one of a few elements."""
    if not any(isinstance(leaf, kind) for leaf in leaves(y)):
        return False
    plan = Trials(master(claim.x), group_named(claim.group), 7, 8, batch_size(claim.x))
    for chunk in range(4):
        _, g = plan.draw(chunk)
        try:
            pairs = compare(changed(g(y)), g(changed(y)))
        except (Unusable, NoAction, ValueError, IndexError):
            return False
        if any(bool((distance > 1e-3 * strength * (unit + 1e-12)).any()) for distance, unit in pairs):
            return True
    return False
