"""An error within a tolerance must not grow with the system: how large it is on the example and on half of it."""

from __future__ import annotations

import torch
from torch import Tensor

from gaugeflow.symmetry.actions.values import Tree, leaves, map_leaves
from gaugeflow.symmetry.checks.trials.subject import Subject, Unusable, acted, compare
from gaugeflow.symmetry.checks.trials.trials import Trials

__all__ = ["errors_by_size", "grows", "halved"]

_TRIALS = 32
_BY_CHANCE = 2.0
_GROWTH = 1.5


def errors_by_size(subject: Subject, plan: Trials, dtype: torch.dtype) -> tuple[Tensor, Tensor] | None:
    """The errors of some trials on half of the example, all extents and particle numbers halved, and on the whole of
    it. None where nothing has a size, or the function takes no other size."""
    halves, wholes = [], []
    try:
        for chunk in range(-(-_TRIALS // plan.size)):
            x, _ = plan.draw(chunk)
            half = halved(x)
            if half is None:
                return None
            halves.append(_error(subject, plan, half, chunk, dtype))
            wholes.append(_error(subject, plan, x, chunk, dtype))
    except (Unusable, ValueError, RuntimeError):
        return None
    return torch.cat(halves).cpu(), torch.cat(wholes).cpu()


def grows(halves: Tensor, wholes: Tensor) -> bool:
    """Whether the errors of the whole are larger than those of its half by half as much again, beyond chance."""
    more = wholes.mean() - _GROWTH * halves.mean()
    by_chance = (wholes.var() / len(wholes) + _GROWTH**2 * halves.var() / len(halves)).sqrt()
    return not bool(more <= _BY_CHANCE * by_chance)


def halved(x: Tree) -> Tree | None:
    """`x` with half of every extent and of the number of particles; None where it has no such size."""
    names = {name: size for leaf in leaves(x) for name, size in leaf.sizes().items() if size > 2}
    for name, size in names.items():
        x = _narrowed(x, name, size // 2)
    return x if names else None


def _narrowed(x: Tree, name: str, size: int) -> Tree:
    return map_leaves(lambda leaf: leaf.narrow(name, size) if name in leaf.sizes() else leaf, x)


def _error(subject: Subject, plan: Trials, x: Tree, chunk: int, dtype: torch.dtype) -> Tensor:
    g = plan.group.element(x, plan.size, plan.generator(chunk))
    pairs = compare(subject(g(x), dtype), acted(g, subject(x, dtype), dtype))
    return torch.cat([(distance / (unit + 1e-300)).amax(0) for distance, unit in pairs])
