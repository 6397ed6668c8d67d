"""What is learnt about a function before its symmetry is asked for: does it run, is it a function at all, and on
random inputs too."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from gaugeflow.symmetry.actions.groups import Element
from gaugeflow.symmetry.actions.values import Tree, map_tensors, wide, zip_leaves
from gaugeflow.symmetry.checks.precision import amplification_allowed
from gaugeflow.symmetry.checks.trials.subject import Subject, Unusable, acted, compare
from gaugeflow.symmetry.checks.trials.trials import Trials, random_like
from gaugeflow.symmetry.reports.findings import Verdict

__all__ = ["Probe", "conditioning", "is_smooth", "probe", "relative_error", "unusable_when_random"]


_DISTURBANCES = 3


@dataclass(frozen=True)
class Probe:
    """Whether random inputs can be used, and remarks."""

    fresh: bool
    notes: tuple[str, ...]


def probe(subject: Subject, plan: Trials, dtype: torch.dtype, tolerance: float = 0.0) -> Probe:
    """Call the function a few times in its native `dtype`.

    Raises `Unusable` if it raises, returns something that does not fit, or differs between two equal calls by more
    than rounding and `tolerance`.
    """
    x, g = plan.draw(0)
    once = subject(x, dtype)
    rounding = amplification_allowed(subject.depth) * torch.finfo(dtype).eps
    if not relative_error(subject(x, dtype), once) <= max(rounding, tolerance):
        raise Unusable(Verdict.RANDOM, "two calls on the same input differ: is a dropout or a random number in it?")
    acted(g, once, dtype)
    note = unusable_when_random(subject, plan, dtype) if plan.fresh else None
    return Probe(plan.fresh and note is None, () if note is None else (note,))


def unusable_when_random(subject: Subject, plan: Trials, dtype: torch.dtype) -> str | None:
    """Why random inputs are left out, None if the function takes them."""
    try:
        subject(random_like(plan.draw(0)[0], plan.generator(1)), dtype)
    except Unusable as unusable:
        return f"random inputs were left out: on them it {unusable.verdict.value}: {unusable.message}"
    return None


def relative_error(left: Tree, right: Tree) -> float:
    """The largest distance in units of the largest output; infinite where it is no number."""
    errors = []
    for distance, unit in compare(left, right):
        scale = unit.max()
        errors.append(float((distance / torch.where(scale > 0, scale, torch.ones_like(scale))).max()))
    return max(errors) if all(map(math.isfinite, errors)) else math.inf


def is_smooth(subject: Subject, x: Tree, g: Element, dtype: torch.dtype, eps: float) -> bool:
    """Whether the error f(D(g) x) - D(g) f(x) stays nearly the same when the input changes by a few roundings, in
    three ways: two roundings of one number are alike by chance too often."""
    noise = torch.Generator().manual_seed(0)
    error = _error(subject, x, g, dtype)
    others = (_error(subject, _disturbed(x, 8 * eps, noise), g, dtype) for _ in range(_DISTURBANCES))
    return all(bool((error - other).norm() < 0.3 * torch.maximum(error.norm(), other.norm())) for other in others)


def _error(subject: Subject, x: Tree, g: Element, dtype: torch.dtype) -> Tensor:
    """f(D(g) x) - D(g) f(x), all components in a row."""
    y, y_g = subject(x, dtype), subject(g(x), dtype)
    parts = [d for a, b in zip_leaves(y_g, acted(g, y, dtype)) for d in a.differences(b)]
    return torch.cat([torch.view_as_real(wide(d) + 0j).flatten() for d in parts])


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
    return relative_error(subject(disturbed, dtype), subject(x, dtype)) / change
