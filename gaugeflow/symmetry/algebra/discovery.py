"""Which continuous symmetries a function has that nobody put in: the null space of its gradient along many directions.

A direction v, a vector field such as a link turned from the left, is a symmetry of f if grad f(x) . v(x) = 0 at all x.
So f is differentiated along the widest family of directions that the type of x has, at more random points than there
are directions; the null space of these rows holds the symmetries, whoever thought of them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from gaugeflow.symmetry.actions.coordinates import tangent_size
from gaugeflow.symmetry.actions.groups import Group
from gaugeflow.symmetry.actions.values import Tree, batch_size, device_of, leaves, map_tensors
from gaugeflow.symmetry.algebra.directions.family import Family, vector_fields
from gaugeflow.symmetry.algebra.directions.generated import family_of
from gaugeflow.symmetry.algebra.directions.named import named_families
from gaugeflow.symmetry.algebra.directions.rank import null_space, rank
from gaugeflow.symmetry.algebra.directions.slopes import slopes
from gaugeflow.symmetry.algebra.directions.widest import widest_family
from gaugeflow.symmetry.algebra.finite import FiniteSymmetry, finite_symmetries
from gaugeflow.symmetry.checks.equivariance import label_of
from gaugeflow.symmetry.checks.trials.subject import Subject, Unusable
from gaugeflow.symmetry.checks.trials.trials import master, random_like
from gaugeflow.symmetry.reports.findings import Finding, Verdict
from gaugeflow.symmetry.reports.report import Report

__all__ = ["Discovery", "NamedSymmetry", "check_symmetries", "symmetries_of"]

LARGEST = 2048
"""The number of directions up to which a dense null space is taken."""
_MORE = 8
_CHUNK = 64
_ELEMENTS = 16
_FIELD = 1.0
"""The size of a vector field, in units of natural lengths."""


@dataclass(frozen=True)
class NamedSymmetry:
    """A family of directions with a name: how many independent ones it has, and along how many f does not change.

    `extra` of those that are held lie in none of the families before.
    """

    name: str
    held: int
    of: int
    extra: int

    def __str__(self) -> str:
        if self.held == self.of:
            return f"{self.name}: {self.held} of {self.of}"
        return f"{self.name}: {self.held} of {self.of}, {self.of - self.held} are removed"


@dataclass(frozen=True, eq=False)
class Discovery:
    """What `symmetries_of` found.

    `generators` `(found, size)` are the directions, in the parameters of the widest family, along which f is constant;
    `gap` is the largest singular value that was taken for zero over the smallest that was not.
    """

    name: str
    size: int
    found: int
    named: tuple[NamedSymmetry, ...]
    finite: tuple[FiniteSymmetry, ...]
    generators: Tensor
    gap: float

    @property
    def unnamed(self) -> int:
        """The independent directions that lie in no family with a name."""
        return self.found - sum(symmetry.extra for symmetry in self.named)

    def __getitem__(self, name: str) -> NamedSymmetry | FiniteSymmetry:
        every: dict[str, NamedSymmetry | FiniteSymmetry] = {symmetry.name: symmetry for symmetry in self.named}
        every |= {symmetry.name: symmetry for symmetry in self.finite}
        if name not in every:
            raise KeyError(f"expected one of {', '.join(every)}, got {name!r}")
        return every[name]

    def __str__(self) -> str:
        lines = [f"{self.name}: constant along {self.found} of {self.size} directions"]
        lines += [f"  {symmetry}" for symmetry in self.named]
        lines += [f"  without a name: {self.unnamed}"]
        for verb, held in (("finite, held", True), ("finite, broken", False)):
            names = [finite.name for finite in self.finite if finite.held is held]
            lines += [f"  {verb}: {', '.join(names)}"] if names else []
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as `gaugeflow check --discover --json` prints them."""
        return {
            "name": self.name,
            "directions": self.size,
            "found": self.found,
            "named": [vars(symmetry) for symmetry in self.named],
            "unnamed": self.unnamed,
            "finite": {symmetry.name: symmetry.held for symmetry in self.finite},
            "gap": self.gap,
        }


def symmetries_of(
    f: Callable[..., Any],
    x: Tree,
    groups: Sequence[Group | str] = (),
    *,
    seed: int = 0,
    batched: bool = True,
    label: str | None = None,
) -> Discovery:
    """The symmetries of a function of plain tensors to numbers `(batch, ...)`, an action or a network.

    Args:
        f: a function that autograd can differentiate; it is called in float64 on random inputs like `x`.
        x: example input: a value, or a tuple or dict of them, with a batch axis.
        groups: groups to compare with, beside those that every value has; `generated` tells their directions.
        seed: of the random inputs.
        batched: False for a function of one example without batch axis.

    Raises:
        ValueError: more directions than a dense null space takes, before anything is computed; a function that is
            constant, detached from its input, or not finite.

    >>> import torch
    >>> from gaugeflow.symmetry import Links, symmetries_of
    >>> def plaquettes(theta):
    ...     p = theta[:, 0] + theta[:, 1].roll(-1, 1) - theta[:, 0].roll(-1, 2) - theta[:, 1]
    ...     return (1 - p.cos()).sum((1, 2))
    >>> found = symmetries_of(plaquettes, Links(torch.zeros(1, 2, 3, 3)))
    >>> found["gauge"].held, found["centre"].extra, found.unnamed
    (8, 2, 0)
    """
    x = master(map_tensors(lambda t: t[:1], x))
    widest = widest_family(x)
    if widest.size > LARGEST:
        raise ValueError(
            f"{widest.size} directions of {', '.join(leaf.name for leaf in leaves(x))} need a matrix of "
            f"{widest.size} x {widest.size}, and at most {LARGEST} are looked through; give a smaller example"
        )
    subject = Subject(f, None, batched)
    try:
        search = _Search(subject, x, [widest, *(family_of(group, x) for group in groups), *named_families(x)], seed)
        return search.result(label or label_of(f))
    except Unusable as unusable:
        raise ValueError(f"{label or label_of(f)}: {unusable.message}") from unusable
    finally:
        subject.restore()


def check_symmetries(
    f: Callable[..., Any], x: Tree, named: Mapping[str, int], *, seed: int = 0, label: str | None = None
) -> Report:
    """Check that f has the continuous symmetries `named`, by the number of independent directions of each beside those
    before it, {"gauge": 8, "centre": 2}, and no others."""
    start = time.perf_counter()
    found = symmetries_of(f, x, seed=seed, label=label)
    held = {symmetry.name: symmetry.extra for symmetry in found.named}
    findings = [_counted(name, held.pop(name, 0), expected) for name, expected in named.items()]
    findings.append(_counted("other names", sum(held.values()), 0))
    findings.append(_counted("no name", found.unnamed, 0))
    return Report(found.name, tuple(findings), time.perf_counter() - start)


def _counted(name: str, count: int, expected: int) -> Finding:
    verdict = Verdict.HOLDS if count == expected else Verdict.BROKEN
    return Finding(f"symmetries: {name}", verdict, f"{count} directions, expected {expected}")


class _Search:
    """The gradients along all families at once, and what follows from them."""

    def __init__(self, subject: Subject, x: Tree, families: list[Family], seed: int) -> None:
        self.subject, self.x = subject, x
        self.noise = torch.Generator().manual_seed(seed)
        self.widest, *named = families
        self.points = self._random(2 + -(-self.widest.size // tangent_size(x)))
        fields = [vector_fields(family, self.points) for family in named]
        self.named = [(family, rows) for family, rows in zip(named, fields, strict=True) if rank(rows, _FIELD)]

    def _random(self, batch: int) -> Tree:
        return random_like(map_tensors(lambda t: t.expand(batch, *t.shape[1:]), self.x), self.noise)

    def result(self, name: str) -> Discovery:
        along, *others = self._slopes()
        unit = float(torch.linalg.matrix_norm(along, 2))
        basis, gap = null_space(along, unit)
        symmetries, known = self._compared(others, unit)
        found = rank(torch.cat([known, vector_fields(self.widest, self.points, basis)]), _FIELD)
        finite = tuple(finite_symmetries(self.subject, self._random(_ELEMENTS), self.noise))
        return Discovery(name, self.widest.size, found, symmetries, finite, basis, gap)

    def _compared(self, slopes: list[Tensor], unit: float) -> tuple[tuple[NamedSymmetry, ...], Tensor]:
        """What is held of each family with a name, and the vector fields of all that is, row by row. A family that
        is held and lies in those before it is worth a line only if these are held in part."""
        symmetries: list[NamedSymmetry] = []
        known = torch.zeros(
            0, batch_size(self.points) * tangent_size(self.x), dtype=torch.float64, device=device_of(self.x)
        )
        for (family, fields), rows in zip(self.named, slopes, strict=True):
            held = null_space(rows, unit)[0] @ fields
            together = torch.cat([known, held])
            extra = rank(together, _FIELD) - rank(known, _FIELD)
            symmetry = NamedSymmetry(family.name, rank(held, _FIELD), rank(fields, _FIELD), extra)
            if symmetry.held < symmetry.of or extra or any(0 < seen.held < seen.of for seen in symmetries):
                symmetries.append(symmetry)
            known = together
        return tuple(symmetries), known

    def _slopes(self) -> list[Tensor]:
        """The derivatives along each family at more random points than it has directions, `(points, size)`, in units
        of the largest."""
        families = [self.widest, *(family for family, _ in self.named)]
        sizes = [family.size for family in families]
        chunks = range(-(-(max(sizes) + _MORE) // _CHUNK))
        rows = torch.cat([slopes(self.subject, self._random(_CHUNK), families, self.noise) for _ in chunks])
        largest = rows.norm(dim=1).max()
        if not largest > 0:
            raise Unusable(Verdict.CONSTANT, "the function is constant: it does not change in any direction")
        return list((rows / largest).split(sizes, dim=1))
