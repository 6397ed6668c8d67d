"""What is learnt about a function before its symmetry is asked for: does it run, is it a function at all, of one
entry at a time, and on random inputs too."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from gaugeflow.symmetry.actions.groups import Element
from gaugeflow.symmetry.actions.values import Tree, map_tensors, wide, zip_leaves
from gaugeflow.symmetry.checks.precision import amplification_allowed
from gaugeflow.symmetry.checks.trials.casting import cast
from gaugeflow.symmetry.checks.trials.subject import Subject, Unusable, acted, compare
from gaugeflow.symmetry.checks.trials.trials import Trials, random_like
from gaugeflow.symmetry.reports.findings import Verdict

__all__ = ["Probe", "conditioning", "is_smooth", "probe"]


@dataclass(frozen=True)
class Probe:
    """Whether random inputs can be used, whether an entry's output depends on the rest of the batch, and remarks."""

    fresh: bool
    batch_dependent: bool
    notes: tuple[str, ...]


def probe(subject: Subject, plan: Trials, dtype: torch.dtype) -> Probe:
    """Call the function a few times in its native `dtype`.

    Raises `Unusable` if it raises, returns something that does not fit, or differs between two equal calls.
    """
    notes = []
    x, g = plan.draw(0)
    once = subject(x, dtype)
    if _relative(subject(x, dtype), once) > amplification_allowed(subject.depth) * torch.finfo(dtype).eps:
        raise Unusable(Verdict.RANDOM, "two calls on the same input differ: is a dropout or a random number in it?")
    fresh = plan.fresh
    if fresh:
        try:
            subject(random_like(x, plan.generator(1)), dtype)
        except Unusable as unusable:
            fresh = False
            notes.append(f"random inputs were left out: on them it {unusable.verdict.value}: {unusable.message}")
    dependent = plan.size > 1 and _depends_on_batch(subject, x, once, dtype)
    if dependent:
        notes.append(
            "the output for one entry depends on the other entries of the batch: the symmetry was checked with the "
            "same group element for the whole batch"
        )
    acted(g, once)
    return Probe(fresh, dependent, tuple(notes))


def _depends_on_batch(subject: Subject, x: Tree, y: Tree, dtype: torch.dtype) -> bool:
    """Does the first entry's output change when all other entries become copies of the first?"""
    copies = map_tensors(lambda t: t[:1].expand_as(t), x)
    try:
        alone = subject(copies, dtype)
        error = _relative(map_tensors(_first, alone), map_tensors(_first, y))
    except Unusable:
        return True
    return error > amplification_allowed(subject.depth) * torch.finfo(dtype).eps


def _first(tensor: Tensor) -> Tensor:
    return tensor[:1]


def _relative(left: Tree, right: Tree) -> float:
    errors = []
    for distance, unit in compare(left, right):
        scale = unit.max()
        errors.append(float((distance / torch.where(scale > 0, scale, torch.ones_like(scale))).max()))
    return max(errors)


def is_smooth(subject: Subject, x: Tree, g: Element, dtype: torch.dtype, eps: float) -> bool:
    """Whether the error f(D(g) x) - D(g) f(x) stays nearly the same when the input changes by a few roundings."""
    noise = torch.Generator().manual_seed(0)
    errors = []
    for point in (x, _disturbed(x, 8 * eps, noise)):
        y, y_g = subject(point, dtype), subject(g(point), dtype)
        expected = acted(g.map(lambda t: cast(t, dtype)), y)
        parts = [d for a, b in zip_leaves(y_g, expected) for d in a.differences(b)]
        errors.append(torch.cat([torch.view_as_real(wide(d) + 0j).flatten() for d in parts]))
    change = (errors[0] - errors[1]).norm()
    return bool(change < 0.3 * torch.maximum(errors[0].norm(), errors[1].norm()))


def _disturbed(x: Tree, change: float, noise: torch.Generator) -> Tree:
    """Every real component times one plus or minus `change`."""

    def disturb(tensor: Tensor) -> Tensor:
        if not (tensor.is_floating_point() or tensor.is_complex()):
            return tensor
        signs = 1 - 2 * torch.randint(2, tensor.shape, generator=noise).double()
        return tensor * (1 + change * signs.to(tensor.device))

    return map_tensors(disturb, x)


def conditioning(subject: Callable[[Tree, torch.dtype], Tree], x: Tree, dtype: torch.dtype) -> float:
    """How many times f amplifies the rounding of its input: the output's relative change in units of the input's,
    which is 256 machine epsilons. Evidence for an ill-conditioned function where nothing else can tell."""
    change = 256 * torch.finfo(dtype).eps
    disturbed = _disturbed(x, change, torch.Generator().manual_seed(0))
    return _relative(subject(disturbed, dtype), subject(x, dtype)) / change
