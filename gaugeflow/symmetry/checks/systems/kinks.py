"""Where a function of one variable is roughest, and by how much its value and slope jump there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = ["Jump", "Rough", "jump_at", "rough_places", "rounding_of"]

Curve = Callable[[Tensor], Tensor]
"""Times `(points,)` to values `(points, components)` in float64."""

_ORDER = 6
_GRID, _ZOOM = 2048, 24
"""Intervals of the first grid and of the finer ones; each of these is a quarter of the one before."""
_LEVELS, _NARROWEST = 24, 1e-13
_STEPS = tuple(2.0**-k for k in range(5, 20, 2))
_CAUTION = 4.0
_NEAR = 65
_PROBES, _COINCIDE = 16, 1e-12
"""Places where rounding is measured, and the distance of points between which a smooth function hardly bends."""
_ROUNDINGS = 16.0


@dataclass(frozen=True)
class Jump:
    """The largest jump at a place, in units of the curve's range (or of its steepest slope), and how exact it is."""

    place: float
    size: float
    exact_to: float


@dataclass(frozen=True)
class Rough:
    """A place known to `width`, and the largest sixth difference there of points with this `spacing`."""

    place: float
    width: float
    spacing: float
    sixth: float

    def bounds(self) -> tuple[float, float]:
        """What jumps of value and slope cannot be above, wherever they are: a jump of one makes a sixth difference of
        ten somewhere, a slope that changes by one makes one and a half times the spacing at least."""
        return self.sixth / 5, self.sixth / self.spacing


def rounding_of(curve: Curve, eps: float) -> float:
    """The rounding of the values: some `eps` of the largest, or what the sixth differences of points that all but
    coincide show, where larger numbers cancel inside."""
    places = torch.linspace(0.01, 0.97, _PROBES, dtype=torch.float64)
    values = curve((places[:, None] + _COINCIDE * torch.arange(2 * _ORDER)).flatten()).reshape(_PROBES, 2 * _ORDER, -1)
    erratic = values.diff(n=_ORDER, dim=1).abs().max()
    return max(_ROUNDINGS * eps * float(values.abs().max()), float(erratic))


def rough_places(curve: Curve, rounding: float, most: int = 3) -> list[Rough]:
    """Where in [0, 1] sixth differences are largest, found again on finer and finer grids until they are those of a
    `rounding` of the values. None where they are from the start."""
    times = torch.linspace(0, 1, _GRID + 1, dtype=torch.float64)
    sixth = _sixth_differences(curve(times))
    places = []
    for _ in range(most):
        k = int(sixth.argmax())
        if not float(sixth[k]) > 2.0**_ORDER * rounding:
            break
        places.append(_zoomed(curve, float(times[k]), float(times[k + _ORDER]), rounding))
        sixth[max(0, k - 2 * _ORDER) : k + 2 * _ORDER + 1] = 0
    return places


def _sixth_differences(values: Tensor) -> Tensor:
    """The largest of all components, `(points - 6,)`."""
    return values.diff(n=_ORDER, dim=0).abs().amax(1)


def _zoomed(curve: Curve, low: float, high: float, rounding: float) -> Rough:
    for _ in range(_LEVELS):
        margin = 0.15 * (high - low)
        times = torch.linspace(max(0.0, low - margin), min(1.0, high + margin), _ZOOM + 1, dtype=torch.float64)
        sixth = _sixth_differences(curve(times))
        k = int(sixth.argmax())
        if not float(sixth[k]) > 2.0**_ORDER * rounding or high - low < _NARROWEST:
            break
        low, high = float(times[k]), float(times[k + _ORDER])
    spacing, largest = float(times[1] - times[0]), float(sixth[k]) + 2.0**_ORDER * rounding
    return Rough((low + high) / 2, (high - low) / 2, spacing, largest)


def jump_at(curve: Curve, rough: Rough, unit: tuple[float, float], rounding: float) -> tuple[Jump, Jump]:
    """The jumps of value and slope at a rough place, in these units, of a curve that is computed to `rounding`.

    Polynomials through seven points on either side are continued to the place, and the distance of the points is
    halved until two of them agree. Where the two sides meet anywhere within the width of the place, nothing jumps.
    """
    place, width = rough.place, rough.width
    best = [Jump(place, 0.0, bound / of) for bound, of in zip(rough.bounds(), unit, strict=True)]
    for step in _STEPS:
        if step < 4 * width:
            break
        coarse, fine = (_Sides(curve, place, width, h) for h in (step, step / 2))
        missed = coarse.misses(fine)
        for order in (0, 1):
            change = (coarse.gaps[order] - fine.gaps[order]).abs().amax(0) + missed / step**order
            exact_to = (_CAUTION * change + rounding * fine.amplification[order]) / unit[order]
            size = _closest(fine.gaps[order]) / unit[order]
            if float(exact_to.max()) < best[order].exact_to:
                best[order] = Jump(place, float(size[(size - exact_to).argmax()]), float(exact_to.max()))
    return best[0], best[1]


class _Sides:
    """The gaps between what the right and the left side say of value and slope, `(points, components)` on a fine grid
    around the place, and how many roundings of the curve each may amount to."""

    def __init__(self, curve: Curve, place: float, width: float, step: float) -> None:
        nodes = width / step + torch.arange(_ORDER + 1, dtype=torch.float64)
        near = torch.linspace(-width / step, width / step, _NEAR, dtype=torch.float64)
        solve, powers = torch.linalg.inv(torch.linalg.vander(nodes)), torch.linalg.vander(near, N=_ORDER + 1)
        slopes = torch.nn.functional.pad(powers[:, :-1] * torch.arange(1, _ORDER + 1), (1, 0)) / step
        self.step, self.nodes, self.solve = step, nodes, solve
        right, left = self.values = [curve(place + side * step * nodes) for side in (1, -1)]
        weights = (powers @ solve, slopes @ solve)
        self.gaps = (weights[0] @ right - weights[0].flip(0) @ left, weights[1] @ right + weights[1].flip(0) @ left)
        self.amplification = tuple(2 * float(w.abs().sum(1).max()) for w in weights)

    def misses(self, other: _Sides) -> Tensor:
        """How far the polynomials of either side are from the curve at the points of the other, `(components,)`."""
        powers = torch.linalg.vander(other.nodes * other.step / self.step, N=_ORDER + 1)
        pairs = zip(self.values, other.values, strict=True)
        return torch.stack([(powers @ self.solve @ mine - theirs).abs().amax(0) for mine, theirs in pairs]).amax(0)


def _closest(gaps: Tensor) -> Tensor:
    """How near to zero the gap of each component comes between the points: as far as it changes from one to the next,
    it may come nearer than it is at the nearest."""
    nearest = gaps.abs().amin(0)
    return (nearest - gaps.diff(dim=0).abs().amax(0)).clamp(min=0)
