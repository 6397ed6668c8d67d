"""An error within a tolerance must not grow with the system: how large it is on the example and on half of it."""

from __future__ import annotations

import torch

from gaugeflow.symmetry.actions.values import Tree, leaves, map_leaves
from gaugeflow.symmetry.checks.trials.subject import Subject, Unusable, acted, compare
from gaugeflow.symmetry.checks.trials.trials import Trials

__all__ = ["grows", "halved", "typical_errors"]

_CHUNKS = 8
_GROWTH = 1.5


def typical_errors(subject: Subject, plan: Trials, dtype: torch.dtype) -> tuple[float, float] | None:
    """The mean error on half of the example, all extents and particle numbers halved, and on the whole of it. None
    where nothing has a size, or the function takes no other size."""
    halves, wholes = [], []
    try:
        for chunk in range(_CHUNKS):
            x, _ = plan.draw(chunk)
            half = halved(x)
            if half is None:
                return None
            halves.append(_error(subject, plan, half, chunk, dtype))
            wholes.append(_error(subject, plan, x, chunk, dtype))
    except (Unusable, ValueError, RuntimeError):
        return None
    return float(torch.cat(halves).mean()), float(torch.cat(wholes).mean())


def grows(half: float, whole: float) -> bool:
    """Whether the error of the whole is larger than that of its half by more than chance."""
    return not whole <= _GROWTH * half


def halved(x: Tree) -> Tree | None:
    """`x` with half of every extent and of the number of particles; None where it has no such size."""
    names = {name: size for leaf in leaves(x) for name, size in leaf.sizes().items() if size > 2}
    for name, size in names.items():
        x = _narrowed(x, name, size // 2)
    return x if names else None


def _narrowed(x: Tree, name: str, size: int) -> Tree:
    return map_leaves(lambda leaf: leaf.narrow(name, size) if name in leaf.sizes() else leaf, x)


def _error(subject: Subject, plan: Trials, x: Tree, chunk: int, dtype: torch.dtype) -> torch.Tensor:
    g = plan.group.element(x, plan.size, plan.generator(chunk))
    pairs = compare(subject(g(x), dtype), acted(g, subject(x, dtype), dtype))
    return torch.cat([(distance / (unit + 1e-300)).amax(0) for distance, unit in pairs])
