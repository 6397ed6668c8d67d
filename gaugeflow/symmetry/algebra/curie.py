"""Curie's principle: an equivariant function cannot return less symmetry than it was given.

If D(g) x = x, then D(g) f(x) = f(D(g) x) = f(x). So the symmetries of an input are among those of the output (P. Curie,
J. Phys. 3 (1894) 393), and where a target has fewer, no equivariant map reaches it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from gaugeflow.symmetry.actions.coordinates import tangent_scale
from gaugeflow.symmetry.actions.groups import Element, Group, group_named
from gaugeflow.symmetry.actions.values import Tree, batch_size, device_of, map_tensors
from gaugeflow.symmetry.algebra.directions.family import vector_fields
from gaugeflow.symmetry.algebra.stabiliser import Stabiliser, displacement, stabiliser
from gaugeflow.symmetry.checks.equivariance import label_of
from gaugeflow.symmetry.checks.precision import amplification_allowed, exceeds
from gaugeflow.symmetry.checks.trials.subject import Subject, Unusable
from gaugeflow.symmetry.checks.trials.trials import master, random_like
from gaugeflow.symmetry.reports.findings import Finding, Verdict, WorstCase
from gaugeflow.symmetry.reports.report import Report

__all__ = ["Obstacle", "check_curie", "forbids"]

_MARGIN = 100.0
_MOVES = 1e-6


@dataclass(frozen=True, eq=False)
class Obstacle:
    """What keeps an equivariant map from taking x to y: a group `element` that keeps x and moves y, or a `direction`
    `(generators,)` of the group that does. `change` is how far y moves, in units of its size."""

    entry: int
    change: float
    group: str
    element: Element | None = None
    direction: Tensor | None = None

    def __str__(self) -> str:
        start = f"an element of {self.group} keeps the input and moves the target by {self.change:.1e} of its size"
        if self.element is not None:
            return f"{start}: {', '.join(f'{key} = {value}' for key, value in self.element.describe().items())}"
        assert self.direction is not None
        return f"{start}: exp(t T) with T = {[round(t, 4) for t in self.direction.tolist()]} in its generators"


def forbids(x: Tree, y: Tree, group: Group | str) -> Obstacle | None:
    """Why no equivariant map takes `x` to `y`: a group element g with D(g) x = x and D(g) y != y, in any entry of the
    batch; None where there is none.

    The elements of finite factors of the group are gone through, and the generators of the others, see `stabiliser`.

    Raises:
        ValueError: another number of entries in `y` than in `x`; a group that does not act on them.

    >>> import torch
    >>> from gaugeflow.symmetry import Image, forbids
    >>> square, bar = torch.zeros(2, 1, 1, 5, 5)
    >>> square[..., 1:4, 1:4] = bar[..., 1:4, 0:5] = 1
    >>> forbids(Image(square), Image(bar), "cyclic").element.describe()
    {'cyclic.turn': 0.25, 'cyclic.mirror': 0}
    >>> forbids(Image(bar), Image(square), "cyclic") is None
    True
    """
    group, x, y = group_named(group), master(x), master(y)
    if batch_size(x) != batch_size(y):
        raise ValueError(f"expected a target for each of {batch_size(x)} inputs, got {batch_size(y)}")
    for entry in range(batch_size(x)):
        one, target = _entry(x, entry), _entry(y, entry)
        found = _largest_move(stabiliser(one, group), target, target)
        if found.change > _MOVES:
            return Obstacle(entry, found.change, group.label(), found.element, found.direction)
    return None


def check_curie(
    f: Callable[..., Any], x: Tree, group: Group | str, out: Any, *, tolerance: float = 0.0, label: str | None = None
) -> Report:
    """Check that the symmetries of `x` are among those of f(x), the output read as `out`: Sym(x) in Sym(f(x)).

    It is part of equivariance, and the part that random inputs cannot see, which have no symmetry: an input on which
    every branch is taken by all of its parts at once. A symmetric example is needed, such as a picture of a square.

    >>> import torch
    >>> from gaugeflow.symmetry import Image, check_curie
    >>> square = torch.zeros(1, 1, 5, 5)
    >>> square[..., 1:4, 1:4] = 1
    >>> check_curie(lambda t: t + t.roll(1, 2) + t.roll(-1, 2), Image(square), "cyclic", Image).verdict.value
    'broken'
    """
    start, group, x = time.perf_counter(), group_named(group), master(x)
    claim = f"symmetries of the input under {group.label()} are kept"
    subject = Subject(f, out)
    try:
        finding = _judged(subject, x, group, claim, tolerance)
    except Unusable as unusable:
        finding = Finding(claim, unusable.verdict, unusable.message)
    finally:
        subject.restore()
    return Report(label or label_of(f), (finding,), time.perf_counter() - start)


def _judged(subject: Subject, x: Tree, group: Group, claim: str, tolerance: float) -> Finding:
    kept = [stabiliser(_entry(x, entry), group) for entry in range(batch_size(x))]
    if not any(kept):
        return Finding(claim, Verdict.VACUOUS, "nothing but the identity keeps the example; give a symmetric one")
    y, eps = subject(x, torch.float64), subject.precision(x, torch.float64)
    like = _typical(subject, x, y)
    moves = [_largest_move(symmetries, _entry(y, entry), _entry(like, entry)) for entry, symmetries in enumerate(kept)]
    change = torch.tensor([move.change for move in moves], dtype=torch.float64)
    table = max(amplification_allowed(subject.depth) * eps, tolerance)
    allowed = torch.tensor([max(table, _MARGIN * move.inexact) for move in moves], dtype=torch.float64)
    wrong = exceeds(change, allowed)
    entry = int(torch.where(wrong, change, -1.0).argmax())
    count = sum(symmetries.order - 1 + len(symmetries.directions) for symmetries in kept)
    return Finding(
        claim,
        Verdict.BROKEN if bool(wrong.any()) else Verdict.HOLDS,
        f"{count} elements and directions other than the identity keep the example; the output moves by at most "
        f"{float(change.max()):.1e} of its size",
        largest={"float64": float(change.max())},
        typical={"float64": float(change.median())},
        allowed=float(allowed[entry]),
        worst=moves[entry].worst(_entry(x, entry), entry) if bool(wrong.any()) else None,
    )


@dataclass(frozen=True, eq=False)
class _Move:
    """The element or direction of a stabiliser that moves a target most, and how exactly it keeps the input."""

    change: float
    inexact: float = 0.0
    element: Element | None = None
    direction: Tensor | None = None

    def worst(self, x: Tree, entry: int) -> WorstCase | None:
        if self.element is None:
            return None
        return WorstCase(0, entry, self.element.describe(), f"entry {entry} of the example", x, self.element)


def _typical(subject: Subject, x: Tree, y: Tree) -> Tree:
    """The output on random inputs, as large as it is where no symmetry makes it vanish; `y` if there is none."""
    try:
        return subject(random_like(x, torch.Generator().manual_seed(0)), torch.float64)
    except Unusable:
        return y


def _largest_move(symmetries: Stabiliser, y: Tree, like: Tree) -> _Move:
    moves = [_Move(0.0)]
    if symmetries.elements is not None:
        change = displacement(symmetries.elements, y, like)
        worst = int(change.argmax())
        element = symmetries.elements.take(slice(worst, worst + 1))
        moves.append(_Move(float(change[worst]), float(symmetries.error[worst]), element))
    if len(symmetries.directions):
        unit = tangent_scale(y) / torch.maximum(tangent_scale(y), tangent_scale(like))
        change = (vector_fields(symmetries.family, y, symmetries.directions) * unit.to(device_of(y))).abs().amax(1)
        worst = int(change.argmax())
        moves.append(_Move(float(change[worst]), direction=symmetries.directions[worst]))
    return max(moves, key=lambda move: move.change)


def _entry(tree: Tree, entry: int) -> Tree:
    return map_tensors(lambda t: t[entry : entry + 1], tree)
