"""Whether invariant features tell orbits apart: near a point by the rank of their derivative, far away on a known pair.

Near a generic x the orbits of a group have dim(fields) - dim(orbit) directions between them. Features see all of these
if their derivative has that rank, which is the least that a complete set has. Two orbits far from one another may still
have the same features; `tells_apart` asks it of a pair.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from gaugeflow.symmetry.actions.coordinates import tangent_size
from gaugeflow.symmetry.actions.groups import Group
from gaugeflow.symmetry.actions.values import Tree, batch_size, leaves, map_tensors
from gaugeflow.symmetry.algebra.directions.family import vector_fields
from gaugeflow.symmetry.algebra.directions.generated import family_of
from gaugeflow.symmetry.algebra.directions.rank import rank
from gaugeflow.symmetry.algebra.directions.slopes import jacobian, numbers_of
from gaugeflow.symmetry.checks.equivariance import label_of
from gaugeflow.symmetry.checks.trials.subject import Subject, Unusable
from gaugeflow.symmetry.checks.trials.trials import master, random_like
from gaugeflow.symmetry.reports.findings import Finding, Verdict
from gaugeflow.symmetry.reports.report import Report

__all__ = ["Separation", "check_separates", "separates", "tells_apart"]

LARGEST = 4096
"""The number of local coordinates up to which a dense derivative is taken."""
_FIELD = 1.0
_SAME = 1e-9


@dataclass(frozen=True)
class Separation:
    """The rank of the features, of `features` numbers, and what is needed: `fields` coordinates less those along an
    orbit. `invariant` is the part of the derivative along the orbit, zero up to rounding if the features are invariant.
    """

    rank: int
    features: int
    fields: int
    orbit: int
    invariant: float

    @property
    def needed(self) -> int:
        """The number of independent invariants near a generic point."""
        return self.fields - self.orbit

    def __bool__(self) -> bool:
        return self.rank >= self.needed

    def __str__(self) -> str:
        return f"{self.features} features of rank {self.rank}, needed {self.needed} = {self.fields} - {self.orbit}"


def separates(features: Callable[..., Any], x: Tree, group: Group | str, *, seed: int = 0) -> Separation:
    """Whether features separate the orbits of `group` near a generic point; true if they do.

    Args:
        features: a function of plain tensors to numbers `(batch, ...)`, in one tensor or several.
        x: example input; the point is a random one like it.
        group: the group of which the features are invariants. The orbits of a finite one have no dimension.
        seed: of the random point.

    Raises:
        ValueError: a group that does not act on `x`; more coordinates than a dense derivative takes, before anything
            is computed; features that are detached, not finite or have no batch axis.

    >>> import torch
    >>> from gaugeflow.symmetry import Points, separates
    >>> def distances(r):
    ...     return (r.unsqueeze(1) - r.unsqueeze(2)).square().sum(-1)
    >>> print(separates(distances, Points(torch.zeros(1, 5, 3)), "euclidean"))
    25 features of rank 9, needed 9 = 15 - 6
    """
    subject = Subject(features, None)
    try:
        return _separation(subject, master(map_tensors(lambda t: t[:1], x)), group, seed)
    except Unusable as unusable:
        raise ValueError(f"{label_of(features)}: {unusable.message}") from unusable
    finally:
        subject.restore()


def _separation(subject: Subject, x: Tree, group: Group | str, seed: int) -> Separation:
    size = tangent_size(x)
    if size > LARGEST:
        raise ValueError(
            f"{', '.join(leaf.name for leaf in leaves(x))}: a derivative by {size} coordinates is asked for, and "
            f"at most {LARGEST} are taken; give a smaller example"
        )
    point = random_like(x, torch.Generator().manual_seed(seed))
    orbit = vector_fields(family_of(group, point), point)
    rows = jacobian(subject, point)
    along = (
        (rows @ orbit.mT).abs().max() / rows.norm(dim=1).max().clamp(min=1e-300) if len(orbit) else rows.new_zeros(())
    )
    return Separation(rank(rows), len(rows), size, rank(orbit, _FIELD), float(along))


def tells_apart(features: Callable[..., Any], a: Tree, b: Tree) -> bool:
    """Whether the features of two inputs `(batch, ...)` differ by more than rounding, in any entry."""
    subject = Subject(features, None)
    try:
        first, second = (numbers_of(subject.raw(master(x), torch.float64), batch_size(x)) for x in (a, b))
    except Unusable as unusable:
        raise ValueError(f"{label_of(features)}: {unusable.message}") from unusable
    finally:
        subject.restore()
    unit = torch.maximum(first.abs().max(), second.abs().max())
    return bool((first - second).abs().max() > _SAME * unit)


def check_separates(
    features: Callable[..., Any],
    x: Tree,
    group: Group | str,
    *,
    pairs: tuple[tuple[Tree, Tree], ...] = (),
    seed: int = 0,
    label: str | None = None,
) -> Report:
    """Check that features are invariant under the continuous part of a group and of full rank, see `separates`, and
    that they differ on each of `pairs` of inputs `(1, ...)`, which lie in two orbits.

    >>> import torch
    >>> from gaugeflow.symmetry import Points, check_separates
    >>> def distances(r):
    ...     return (r.unsqueeze(1) - r.unsqueeze(2)).square().sum(-1)
    >>> check_separates(distances, Points(torch.zeros(1, 4, 3)), "euclidean").holds
    True
    """
    start, name = time.perf_counter(), label or label_of(features)
    found = separates(features, x, group, seed=seed)
    claims = [
        ("full rank across the orbits", bool(found), str(found)),
        ("constant along the orbit", found.invariant <= _SAME, f"the derivative along it is {found.invariant:.1e}"),
    ]
    for number, (a, b) in enumerate(pairs, 1):
        apart = tells_apart(features, a, b)
        claims.append((f"pair {number} of orbits", apart, "told apart" if apart else "the features are the same"))
    findings = tuple(Finding(c, Verdict.HOLDS if ok else Verdict.BROKEN, m) for c, ok, m in claims)
    return Report(name, findings, time.perf_counter() - start)
