"""Which of the shipped finite groups leave a function alone, by trial."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from gaugeflow.symmetry.actions.fields import Links
from gaugeflow.symmetry.actions.groups import Element, group_named
from gaugeflow.symmetry.actions.values import Tree, batch_size, leaves
from gaugeflow.symmetry.algebra.directions.slopes import numbers_of
from gaugeflow.symmetry.checks.trials.subject import Subject
from gaugeflow.symmetry.checks.trials.trials import moved

__all__ = ["FiniteSymmetry", "finite_symmetries"]

_NAMES = ("translations", "hypercubic", "time-reversal", "charge", "centre", "z2", "dihedral", "permutations")
_ROUNDING = 1e-9


@dataclass(frozen=True)
class FiniteSymmetry:
    """A finite group by its name, and whether f(D(g) x) = f(x)."""

    name: str
    held: bool


def finite_symmetries(subject: Subject, x: Tree, noise: torch.Generator) -> Iterator[FiniteSymmetry]:
    """The finite groups that act on `x` and move it, with a random element for each entry `(batch, ...)` of `x`."""
    before = _numbers(subject, x)
    size = before.abs().amax(0).clamp(min=1e-300)
    for name in _NAMES:
        g = _element(name, x, noise)
        if g is None or not bool(moved(x, g(x)).any()):
            continue
        change = ((_numbers(subject, g(x)) - before).abs() / size).max()
        yield FiniteSymmetry(name, bool(change <= _ROUNDING))


def _numbers(subject: Subject, x: Tree) -> Tensor:
    return numbers_of(subject.raw(x, torch.float64), batch_size(x)).detach()


def _element(name: str, x: Tree, noise: torch.Generator) -> Element | None:
    """None where the group is infinite on `x`, or does not act on it; a link has no sign to flip."""
    group = group_named(name)
    if name == "z2" and any(isinstance(leaf, Links) for leaf in leaves(x)):
        return None
    try:
        g = group.element(x, batch_size(x), noise)
        g(x)
    except ValueError:
        return None
    return g if group.order(x) is not None else None
