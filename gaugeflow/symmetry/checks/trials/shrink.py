"""The smallest input that still shows a break: lattice extents and particle numbers are cut while it fails."""

from __future__ import annotations

import torch

from gaugeflow.symmetry.actions.values import Tree, leaves, map_leaves
from gaugeflow.symmetry.checks.trials.subject import Subject, Unusable, compare
from gaugeflow.symmetry.checks.trials.trials import Trials, moved

__all__ = ["smallest_failing"]

_ATTEMPTS = 4


def smallest_failing(subject: Subject, plan: Trials, x: Tree, allowed: float) -> dict[str, int]:
    """The extents of the smallest cut of `x` (one entry) on which the function still fails in float64.

    Every extent in turn is set to the smallest size that fails, with a few group elements for each attempt.
    A size that the function cannot take (it raises) does not fail. Empty where nothing has a size.
    """
    best = x
    for name in _sizes(x):
        for size in range(1, _sizes(best)[name]):
            smaller = _narrowed(best, name, size)
            if smaller is not None and _fails(subject, plan, smaller, allowed):
                best = smaller
                break
    return _sizes(best)


def _sizes(x: Tree) -> dict[str, int]:
    return {name: size for leaf in reversed(leaves(x)) for name, size in leaf.sizes().items()}


def _narrowed(x: Tree, name: str, size: int) -> Tree | None:
    """All values that have this extent cut together; None where one of them cannot be."""
    try:
        return map_leaves(lambda leaf: leaf.narrow(name, size) if name in leaf.sizes() else leaf, x)
    except ValueError:
        return None


def _fails(subject: Subject, plan: Trials, x: Tree, allowed: float) -> bool:
    for attempt in range(_ATTEMPTS):
        try:
            g = plan.group.element(x, 1, plan.generator(attempt))
            gx = g(x)
            pairs = compare(subject(gx, torch.float64), g(subject(x, torch.float64)))
        except (Unusable, ValueError, RuntimeError):
            return False
        errors = [float((distance / (unit + 1e-300)).max()) for distance, unit in pairs]
        if bool(moved(x, gx).any()) and max(errors) > max(allowed, 1e-10):
            return True
    return False
