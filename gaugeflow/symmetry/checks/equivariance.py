"""The check of f(D(g) x) = D(g) f(x): trials in float32 and float64, a verdict, and where and how it breaks."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from gaugeflow.symmetry.actions.declared import declared, read_as
from gaugeflow.symmetry.actions.groups import Group, group_named
from gaugeflow.symmetry.actions.values import Tree, batch_size
from gaugeflow.symmetry.checks.judging import Judgement, native_dtype
from gaugeflow.symmetry.checks.trials.subject import Subject
from gaugeflow.symmetry.checks.trials.trials import Trials, master
from gaugeflow.symmetry.reports.report import Report

__all__ = ["check", "label_of"]


def check(
    f: Callable[..., Any],
    x: Tree,
    group: Group | str | None = None,
    *,
    out: Any = None,
    trials: int = 32,
    seed: int = 0,
    batched: bool = True,
    chunk_size: int | None = None,
    fresh: bool = True,
    constant_ok: bool = False,
    batch_dependent: bool = False,
    tolerance: float = 0.0,
    diagnose: bool = True,
    hidden: Sequence[Any] = (),
    label: str | None = None,
) -> Report:
    """Check that `f` commutes with a group: f(D(g) x) = D(g) f(x).

    Args:
        f: function of plain tensors: a value of `x` becomes its tensor, a tuple arguments, a dict keyword
            arguments. Modules inside are cast to both precisions and left exactly as they were.
        x: example input: a `Value`, or a tuple or dict of them, with a batch axis in front.
        group: a `Group`, or its name, "gauge * translations" for a product. Left out together with `out` for a module
            that says what it is: an attribute `symmetry = "gauge: links -> scalars"`, or `irreps_in` and `irreps_out`;
            then `x` may be plain tensors.
        out: how the output is read: a value type, its name, a partial of it, or a tuple or dict of these.
        trials: number of pairs (x, g), in chunks of `chunk_size` (the batch of the example).
        fresh: half of the trials take random inputs like `x` instead of the entries of `x`.
        batched: False for a function of one example without batch axis.
        constant_ok: do not object to an output that is the same for every input.
        batch_dependent: do not object to an output that depends on the other entries of the batch, as one of a mean
            over the batch does; a batch norm in training explains itself.
        tolerance: for functions that are symmetric by approximation only (ODE solvers, interpolation, bisection): the
            error, in units of the output, that is let pass if it does not grow with the size of the system.
        diagnose: for a broken symmetry, find the first broken layer and the smallest failing size.
        hidden: further value types that activations inside the network may have.

    Returns:
        A `Report`; a function that cannot be judged gets a verdict that says why.

    Raises:
        ValueError: the group cannot act on `x`, or the example is malformed.
    """
    start = time.perf_counter()
    if isinstance(f, type):
        raise TypeError(f"expected a function or an object to call, got the class {f.__name__}: make one of it")
    if group is None:
        group, read, said = declared(f)
        x, out = read_as(x, read), said if out is None else out
    elif out is None:
        raise TypeError("expected `out`, the type of the output: a value type, its name, or a tuple or dict of them")
    group = group_named(group)
    if not tolerance >= 0:
        raise ValueError(f"expected a tolerance of 0 or more, got {tolerance}")
    if trials < 1:
        raise ValueError(f"expected at least one trial, got {trials}")
    native = native_dtype(x)
    size = chunk_size or batch_size(x)
    plan = Trials(master(x), group, seed, trials, size, fresh)
    subject = Subject(f, out, batched)
    title = f"equivariance under {group.label()}"
    judgement = Judgement(subject, plan, native, constant_ok, diagnose, tuple(hidden), tolerance, batch_dependent)
    return Report(label or label_of(f), judgement.findings(title), time.perf_counter() - start)


def label_of(f: Any) -> str:
    """A name for a function in reports; where it has none, the place where it stands."""
    if isinstance(f, partial):
        return f"partial {label_of(f.func)}"
    name = getattr(f, "__qualname__", None) or type(f).__name__
    if name.endswith("<lambda>"):
        code = f.__code__
        return f"lambda at {Path(code.co_filename).name}:{code.co_firstlineno}"
    return str(name).replace("<locals>.", "")
