"""The check of an action itself: D(g) is a representation, without which no verdict on a function means anything."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch

from gaugeflow.symmetry.actions.groups import Element, Group, NoAction, group_named
from gaugeflow.symmetry.actions.values import Tree, batch_size, leaves, map_columns, map_tensors, zip_leaves
from gaugeflow.symmetry.checks.judging import DTYPES
from gaugeflow.symmetry.checks.precision import Errors, decide, name
from gaugeflow.symmetry.checks.trials.casting import cast
from gaugeflow.symmetry.checks.trials.subject import Unusable, compare, first_line
from gaugeflow.symmetry.checks.trials.trials import Trials, master, moved
from gaugeflow.symmetry.reports.findings import Finding, Verdict, WorstCase
from gaugeflow.symmetry.reports.report import Report

__all__ = ["check_action"]

Law = Callable[[Element, Element, Tree], tuple[Tree, Tree]]
"""Two sides that agree for all g, h and x."""


def _one_by_one(g: Element, x: Tree) -> Tree:
    """D(g) on each entry alone, put together again."""
    rows = [
        g.take(slice(i, i + 1))(map_tensors(lambda t, i=i: t[i : i + 1], x))  # type: ignore[misc]
        for i in range(batch_size(x))
    ]
    return map_columns(torch.cat, rows)


LAWS: dict[str, Law] = {
    "D(g h) = D(g) D(h)": lambda g, h, x: ((g @ h)(x), g(h(x))),
    "D(1) = 1": lambda g, h, x: ((g @ g.inverse())(x), x),
    "D(1/g) D(g) = 1": lambda g, h, x: (g.inverse()(g(x)), x),
    "D(g) acts entry by entry": lambda g, h, x: (g(x), _one_by_one(g, x)),
}


def check_action(
    group: Group | str, value: Tree, *, trials: int = 16, seed: int = 0, label: str | None = None
) -> Report:
    """Check that a group acts on a value as a group: a wrong `@represent` gives wrong verdicts on every function.

    Tried are D(g h) = D(g) D(h), D(1) = 1, D(1/g) D(g) = 1 with `compose` and `inverse` of the group, and that every
    entry of a batch is moved by its own element, in float32 and float64, which the action must keep. Of a product each
    factor is tried. Where an action interpolates, as turns of a picture by 45 degrees do, it is broken by that error.

    Args:
        group: a group or its name.
        value: an example `(batch, ...)` of the value; with another one beside it, `(links, scalars)`, where the group
            needs that to draw its elements.
        trials: the number of pairs (g, h), in chunks of the batch; half of them meet random values like the example.

    Raises:
        NoAction: the group has no action on a value.

    >>> import torch
    >>> from gaugeflow.symmetry import Image, check_action
    >>> check_action("d4", Image(torch.rand(4, 1, 6, 6))).holds
    True
    """
    start = time.perf_counter()
    group, x = group_named(group), master(value)
    findings: list[Finding] = []
    for part in group.parts():
        plan = Trials(x, part, seed, trials, batch_size(x))
        draws = [(*plan.draw(chunk), plan.draw(chunk + 2 * plan.chunks)[1]) for chunk in range(plan.chunks)]
        findings += [_judged(f"{law} for {part.label()}", sides, plan, draws) for law, sides in LAWS.items()]
    kinds = ", ".join(leaf.name for leaf in leaves(value))
    return Report(label or f"{group.label()} on {kinds}", tuple(findings), time.perf_counter() - start)


def _judged(title: str, law: Law, plan: Trials, draws: list[tuple[Tree, Element, Element]]) -> Finding:
    try:
        errors = {dtype: _errors(law, draws, dtype) for dtype in DTYPES}
    except Unusable as unusable:
        return Finding(title, unusable.verdict, unusable.message)
    decision = decide(errors, depth=1)
    trial = errors[decision.by].worst
    given, g, _ = draws[trial // plan.size]
    row = slice(trial % plan.size, trial % plan.size + 1)
    one, g = map_tensors(lambda t: t[row], given), g.take(row)
    idle = not any(bool(moved(x, g(x)).any()) for x, g, _ in draws)
    return Finding(
        title,
        decision.verdict,
        decision.reason,
        trials=plan.chunks * plan.size,
        failures=decision.failures,
        largest={name(d): e.largest for d, e in errors.items()},
        typical={name(d): e.typical for d, e in errors.items()},
        allowed=decision.allowed,
        worst=WorstCase(plan.seed, trial, g.describe(), plan.describe(trial), one, g),
        notes=("no element that was drawn moves the value",) if idle else (),
    )


def _errors(law: Law, draws: list[tuple[Tree, Element, Element]], dtype: torch.dtype) -> Errors:
    found = []
    for x, g, h in draws:
        pairs = compare(*_sides(law, g, h, map_tensors(lambda t: cast(t, dtype), x), dtype))
        found.append(torch.stack([distance.amax(0) / (unit.amax(0) + 1e-300) for distance, unit in pairs]).amax(0))
    return Errors(dtype, torch.cat(found).cpu(), torch.finfo(dtype).eps)


def _sides(law: Law, g: Element, h: Element, x: Tree, dtype: torch.dtype) -> tuple[Tree, Tree]:
    """Both sides of a law; `Unusable` where the action raises or changes the shape or the dtype."""
    g, h = (element.map(lambda t: cast(t, dtype)) for element in (g, h))
    try:
        left, right = law(g, h, x)
    except NoAction:
        raise
    except Exception as error:
        raise Unusable(Verdict.RAISED, f"{type(error).__name__}: {first_line(error)}") from error
    for side in (left, right):
        for a, b in zip_leaves(side, x):
            if [t.dtype for t in a.tensors] != [t.dtype for t in b.tensors]:
                message = f"expected {a.name} of {b.data.dtype} as it came, got {a.data.dtype}: convert the parameters"
                raise Unusable(Verdict.WRONG_TYPE, message)
            if [t.shape for t in a.tensors] != [t.shape for t in b.tensors]:
                shapes = [tuple(value.data.shape) for value in (b, a)]
                message = f"expected {a.name} of shape {shapes[0]} as it came, got {shapes[1]}"
                raise Unusable(Verdict.WRONG_SHAPE, message)
    return left, right
