"""No jumps in value or derivative along a path, such as one on which particles cross a cut-off."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Any

import torch
from torch import Tensor

from gaugeflow.symmetry.actions.coordinates import moved_along, tangent_scale, tangent_size
from gaugeflow.symmetry.actions.fields import Links
from gaugeflow.symmetry.actions.scalars import Angles
from gaugeflow.symmetry.actions.values import Tree, Value, batch_size, device_of, leaves, map_tensors, zip_leaves
from gaugeflow.symmetry.checks.equivariance import label_of
from gaugeflow.symmetry.checks.systems.kinks import Jump, jump_at, rough_places, rounding_of
from gaugeflow.symmetry.checks.trials.subject import Unusable
from gaugeflow.symmetry.checks.trials.trials import master
from gaugeflow.symmetry.checks.trials.typed import Typed
from gaugeflow.symmetry.reports.findings import Finding, Verdict
from gaugeflow.symmetry.reports.report import Report

__all__ = ["check_smooth"]

_CLAIM = "no jumps in value or slope along a path"
_BLUNT = 0.1
_COARSE = 128


def check_smooth(
    f: Callable[..., Any],
    x: Tree,
    to: Tree | None = None,
    *,
    out: Any,
    reach: float = 1.0,
    seed: int = 0,
    trials: int = 4,
    chunk_size: int = 64,
    tolerance: float = 0.0,
    label: str | None = None,
) -> Report:
    """Check that `f` and its first derivative are continuous along paths from the entries of `x`.

    A path leads straight to the same entry of `to`; without it, in a random direction, over `reach` times the size of
    `x`, links along the exponential. The sixth differences of 2049 points find the three roughest places of each path,
    finer grids narrow them down, and there the limits from both sides are compared, in float64. How exact they are,
    they say themselves, in units of the range of f along the path and of its steepest slope. `tolerance` lets jumps of
    that size pass. A jump in the second derivative, as of (1 + cos) / 2 at its cut-off, is none of these.

    Raises:
        ValueError: `to` does not fit, holds links of SU(N), or there is no trial, length or chunk.
    """
    start = time.perf_counter()
    if trials < 1 or chunk_size < 1 or not reach > 0:
        raise ValueError(f"expected trials, chunk_size and reach above 0, got {trials}, {chunk_size} and {reach}")
    given, there = master(x), Typed(f, out)
    steps = _random_steps(given, trials, reach, seed) if to is None else _straight(given, master(to))
    try:
        paths = [_Path(there, given, steps[k], k % batch_size(given), chunk_size) for k in range(len(steps))]
        if not any(path.size for path in paths):
            raise Unusable(Verdict.CONSTANT, "the output is the same all along every path")
        finding = _judged([path.jumps() for path in paths], tolerance)
    except Unusable as unusable:
        finding = Finding(_CLAIM, unusable.verdict, unusable.message)
    finally:
        there.subject.restore()
    return Report(label or label_of(f), (finding,), time.perf_counter() - start)


def _random_steps(x: Tree, trials: int, reach: float, seed: int) -> Tensor:
    noise = torch.randn((trials, tangent_size(x)), generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return (reach * noise * tangent_scale(x)).to(device_of(x))


def _straight(x: Tree, to: Tree) -> Tensor:
    shapes = [[tuple(t.shape) for leaf in leaves(tree) for t in leaf.tensors] for tree in (x, to)]
    if shapes[0] != shapes[1]:
        raise ValueError(f"expected the end of the path like its start, {shapes[0]}, got {shapes[1]}")
    if any(isinstance(leaf, Links) and not leaf.is_abelian for leaf in leaves(x)):
        raise ValueError("between links of SU(N) there is no straight path: leave `to` out")
    ways = [b.data - a.data for a, b in zip_leaves(x, to)]
    return torch.cat([(torch.view_as_real(d) if d.is_complex() else d).flatten(1).double() for d in ways], dim=1)


def _components(leaf: Value) -> list[Tensor]:
    """Real numbers that are smooth where the value is: of an angle its cosine and sine."""
    if isinstance(leaf, Angles) or (isinstance(leaf, Links) and leaf.is_abelian):
        return [leaf.data.cos(), leaf.data.sin()]
    return [torch.view_as_real(t) if t.is_complex() else t for t in leaf.tensors]


class _Path:
    """f along x + t step, for one entry of x and t from 0 to 1; the range of its values and its steepest slope."""

    def __init__(self, there: Typed, x: Tree, step: Tensor, entry: int, chunk_size: int) -> None:
        self.there, self.step, self.chunk_size = there, step, chunk_size
        self.x = map_tensors(lambda t: t[entry : entry + 1], x)
        self.eps = there.precision(self.x, torch.float64)
        values = self(torch.linspace(0, 1, 1 + _COARSE, dtype=torch.float64))
        self.size = float((values.amax(0) - values.amin(0)).max())
        self.steepest = _COARSE * float(values.diff(dim=0).abs().max())

    def __call__(self, times: Tensor) -> Tensor:
        return torch.cat([self._values(part) for part in times.split(self.chunk_size)])

    def _values(self, times: Tensor) -> Tensor:
        many = map_tensors(lambda t: t.expand(len(times), *t.shape[1:]), self.x)
        y, _ = self.there(moved_along(many, times.to(self.step)[:, None] * self.step), torch.float64)
        parts = [part for leaf in leaves(y) for part in _components(leaf)]
        return torch.cat([part.reshape(len(times), -1).double() for part in parts], dim=1).cpu()

    def jumps(self) -> list[tuple[Jump, Jump]]:
        """The jumps of value and slope at the roughest places."""
        rounding, unit = rounding_of(self, self.eps), (self.size or 1.0, self.steepest or 1.0)
        return [jump_at(self, rough, unit, rounding) for rough in rough_places(self, rounding)]


def _judged(paths: list[list[tuple[Jump, Jump]]], tolerance: float) -> Finding:
    """The worst jump of all; where no limit is sharp, that is said."""
    judged = [
        [
            _Judged(name, jump, max(jump.exact_to, tolerance))
            for pair in path
            for name, jump in zip(("value", "slope"), pair, strict=True)
        ]
        for path in paths
    ]
    named = [jump for path in judged for jump in path]
    if not named:
        return Finding(_CLAIM, Verdict.HOLDS, "sixth differences are rounding everywhere", trials=len(paths))
    worst = max(named, key=lambda j: (j.wrong, j.blunt, j.jump.size / j.allowed, j.allowed))
    if worst.blunt:
        return Finding(_CLAIM, Verdict.CHAOTIC, f"{worst.where} has no limit from one side that can be told")
    said = f"jumps by {worst.jump.size:.1e}" if worst.wrong else f"jumps by no more than {worst.allowed:.1e}"
    return Finding(
        _CLAIM,
        Verdict.BROKEN if worst.wrong else Verdict.HOLDS,
        f"{worst.where} {said} of its {'range' if worst.name == 'value' else 'steepest'}",
        trials=len(paths),
        failures=sum(any(j.wrong for j in path) for path in judged),
        largest={"float64": worst.jump.size},
        typical={"float64": median(j.jump.size for j in named)},
        allowed=worst.allowed,
    )


@dataclass(frozen=True)
class _Judged:
    """A jump of the value or of the slope, and how large it may be."""

    name: str
    jump: Jump
    allowed: float

    @property
    def blunt(self) -> bool:
        return not self.jump.exact_to <= _BLUNT

    @property
    def wrong(self) -> bool:
        return not self.blunt and not self.jump.size <= self.allowed

    @property
    def where(self) -> str:
        return f"at {self.jump.place:.6g} of a path its {self.name}"
