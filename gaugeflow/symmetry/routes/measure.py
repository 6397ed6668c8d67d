"""How far a function is from equivariance: no verdict, but numbers."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from gaugeflow.symmetry.actions.fields import Links
from gaugeflow.symmetry.actions.groups import Element, Group, InfiniteGroup, group_named
from gaugeflow.symmetry.actions.scalars import Angles, SignedLog
from gaugeflow.symmetry.actions.values import Tree, Value, batch_size, leaves, map_tensors, wide
from gaugeflow.symmetry.algebra.characters import LARGEST, inverses, irreducible_characters, multiplication_table
from gaugeflow.symmetry.checks.judging import native_dtype
from gaugeflow.symmetry.checks.trials.casting import cast
from gaugeflow.symmetry.checks.trials.subject import Subject, Unusable, acted
from gaugeflow.symmetry.routes.choices.chosen import every_pair, rows_of
from gaugeflow.symmetry.routes.route import joined
from gaugeflow.symmetry.routes.values.reading import precision_of, require_actions

__all__ = ["Measurement", "measure"]

_CHUNK = 1024


@dataclass(frozen=True)
class Measurement:
    """Numbers about y(g) = D_Y(g) f(D_X(g)^-1 x), which is f(x) for all g where f is equivariant."""

    error: float
    """Root mean square of y(g) - f(x) over elements and entries, in units of that of y."""
    variance: float
    """Mean square of y(g) - mean over g, in units of the mean square of y: from 0 to 1."""
    weights: tuple[float, ...] | None
    """The part of the mean square of y in each irreducible part of a finite group. They add up to one; the first is the
    trivial part, 1 - variance, which alone is equivariant. None for other groups."""
    dimensions: tuple[int, ...] | None
    """Of the irreducible parts, likewise."""
    elements: int
    """The number of elements that were tried."""
    exact: bool
    """Whether these are all."""
    seconds: float
    """Of one evaluation of f on the example."""

    def __str__(self) -> str:
        tried = f"all {self.elements} elements" if self.exact else f"{self.elements} random elements"
        lines = [
            f"relative error {self.error:.2e}, variance over the orbit {self.variance:.2e} ({tried}); "
            f"{self.seconds:.1e} seconds for one evaluation"
        ]
        if self.weights is not None and self.dimensions is not None:
            parts = [f"{w:.2e} (dimension {d})" for w, d in zip(self.weights, self.dimensions, strict=True)]
            lines.append("weight of the irreducible parts, the trivial one first: " + ", ".join(parts))
        return "\n".join(lines)


def measure(
    f: Callable[..., Any],
    x: Tree,
    group: Group | str,
    *,
    out: Any,
    samples: int | None = None,
    seed: int = 0,
    batched: bool = True,
) -> Measurement:
    """Measure by how much f(D_X(g) x) differs from D_Y(g) f(x), over all elements of a finite group or random ones.

    It also serves where `check` has nothing to say but broken: for groups that act by approximation only, such as
    turns of pictures by 45 degrees, and for functions that are equivariant by training.

    Args:
        f, x, group, out, batched: as for `check`.
        samples: the number of random elements, at least 2; if None, all of a finite group with at most 4096
            elements, else 64.
        seed: of the random elements.

    Raises:
        NoAction: the group cannot act on a value.
        ValueError: a function that cannot run, or whose output does not fit `out`; fewer samples.

    >>> import torch
    >>> from gaugeflow.symmetry import Image, Scalars, measure
    >>> picture = Image(torch.rand(4, 1, 8, 8, generator=torch.Generator().manual_seed(0)))
    >>> m = measure(lambda p: p[:, 0, 0, 0], picture, "c4", out=Scalars)
    >>> round(m.weights[0] + m.variance, 6), m.elements
    (1.0, 4)
    """
    group = group_named(group)
    if samples is not None and samples < 2:
        raise ValueError(f"expected 2 samples or more, got {samples}")
    require_actions(group, out)
    precision_of(x)
    dtype = native_dtype(x)
    x = map_tensors(lambda t: cast(t, dtype), x)
    element, exact = _elements(group, x, samples, seed)
    element = element.map(lambda t: cast(t, dtype))
    timed, spent = _timed(f)
    subject = Subject(timed, out, batched)
    try:
        subject(x, dtype)  # once for nothing: a first call may compile
        spent.clear()
        here = subject(x, dtype)
        seconds = sum(spent)
        y = _over_orbit(subject, x, element, dtype)
    except Unusable as unusable:
        raise ValueError(f"the function cannot be measured: {unusable.message}") from unusable
    finally:
        subject.restore()
    rows, at_x = _numbers(y, here, batch_size(x))
    size = rows.abs().square().sum(2).mean()
    weights, dimensions = _split(group, x, rows) if exact else (None, None)
    return Measurement(
        error=_ratio((rows - at_x.unsqueeze(1)).abs().square().sum(2).mean(), size) ** 0.5,
        variance=_ratio((rows - rows.mean(1, keepdim=True)).abs().square().sum(2).mean(), size),
        weights=weights,
        dimensions=dimensions,
        elements=len(element),
        exact=exact,
        seconds=seconds,
    )


def _timed(f: Callable[..., Any]) -> tuple[Callable[..., Any], list[float]]:
    """The same function, and the seconds of each of its calls."""
    spent: list[float] = []

    def timed(*args: Any, **kwargs: Any) -> Any:
        start = time.perf_counter()
        y = f(*args, **kwargs)
        spent.append(time.perf_counter() - start)
        return y

    return timed, spent


def _elements(group: Group, x: Tree, samples: int | None, seed: int) -> tuple[Element, bool]:
    """All elements, or random ones, and whether they are all."""
    one = map_tensors(lambda t: t[:1], x)
    if samples is None:
        order = group.order(one)
        try:
            if order is None or order <= LARGEST:
                return group.elements(one), True
        except InfiniteGroup:
            pass
    return group.element(one, 64 if samples is None else samples, torch.Generator().manual_seed(seed)), False


def _over_orbit(subject: Subject, x: Tree, element: Element, dtype: torch.dtype) -> Tree:
    """D_Y(g) f(D_X(g)^-1 x) for every entry and element, `(batch * elements, ...)`."""
    one = torch.ones(len(element), dtype=dtype, device=leaves(x)[0].data.device)
    pairs, parts = every_pair(element, batch_size(x), one), []
    for rows in pairs.slices(_CHUNK):
        g, entry = pairs.element.take(rows), pairs.entry[rows]
        parts.append(acted(g, subject(g.inverse()(rows_of(x, entry)), dtype), dtype))
    return joined(parts)


def _numbers(y: Tree, here: Tree, batch: int) -> tuple[Tensor, Tensor]:
    """The outputs as vectors whose distances count, `(batch, elements, size)` and, at x itself, `(batch, size)`."""
    pairs = [_of_leaf(a, b, batch) for a, b in zip(leaves(y), leaves(here), strict=True)]
    complex_ = any(part.is_complex() for pair in pairs for part in pair)
    rows, at_x = ([part + 0j if complex_ else part for part in side] for side in zip(*pairs, strict=True))
    return torch.cat(rows, dim=2), torch.cat(at_x, dim=1)


def _of_leaf(leaf: Value, here: Value, batch: int) -> tuple[Tensor, Tensor]:
    if isinstance(leaf, SignedLog) and isinstance(here, SignedLog):
        logs = leaf.data.double().reshape(batch, -1, *leaf.data.shape[1:])
        top = torch.maximum(logs.amax(1), here.data.double())
        top = torch.where(torch.isfinite(top), top, torch.zeros_like(top))
        signs = wide(leaf.sign).reshape(logs.shape)
        rows, at_x = signs * (logs - top.unsqueeze(1)).exp(), wide(here.sign) * (here.data.double() - top).exp()
        return rows.flatten(2) if rows.ndim > 2 else rows.unsqueeze(2), at_x.reshape(batch, -1)
    circular = isinstance(leaf, Angles) or (isinstance(leaf, Links) and leaf.is_abelian)
    parts = []
    for value in (leaf, here):
        tensors = [torch.polar(torch.ones_like(t), t) if circular else t for t in map(wide, value.tensors)]
        complex_ = any(t.is_complex() for t in tensors)
        parts.append(torch.cat([(t + 0j if complex_ else t).reshape(len(t), -1) for t in tensors], dim=1))
    return parts[0].reshape(batch, -1, parts[0].shape[1]), parts[1]


def _split(group: Group, x: Tree, rows: Tensor) -> tuple[tuple[float, ...] | None, tuple[int, ...] | None]:
    """w(rho) = d / n sum over g and h of chi*(g h^-1) <y(g), y(h)>, in units of sum over g of <y(g), y(g)>.

    None where elements cannot be told apart on `x`, as at a product that is no group.
    """
    try:
        table = multiplication_table(group, x)
    except ValueError:
        return None, None
    characters = irreducible_characters(table)
    overlap = torch.einsum("bgk,bhk->gh", rows.conj(), rows).to(characters)
    quotient = characters[:, table[:, inverses(table)]]
    dimensions = characters.abs().amax(1).round()
    weights = dimensions / len(table) * torch.einsum("rgh,gh->r", quotient.conj(), overlap).real.clamp(min=0)
    total = float(overlap.diagonal().sum().real)
    return tuple((weights / (total or 1.0)).tolist()), tuple(int(d) for d in dimensions)


def _ratio(part: Tensor, whole: Tensor) -> float:
    return float(part / whole) if bool(whole > 0) else math.nan if bool(part > 0) else 0.0
