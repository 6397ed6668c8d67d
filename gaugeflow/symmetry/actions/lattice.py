"""Symmetries of a periodic lattice: translations, the hypercubic group, time reversal, and the sign flip Z_2."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from itertools import permutations

import torch
from torch import Tensor

from gaugeflow.symmetry.actions.fields import LatticeValue, Links, SiteScalars, lattice_of
from gaugeflow.symmetry.actions.groups import GROUPS, Group, Parameters, refused, represent, trivial
from gaugeflow.symmetry.actions.particles import EdgeIndex, ParticleValue
from gaugeflow.symmetry.actions.scalars import CartesianTensors, PolyakovLoop, Scalars, SignedLog, rotate
from gaugeflow.symmetry.actions.values import Tree, Value, leaves

__all__ = ["GlobalSign", "Hypercubic", "TimeReversal", "Translations"]


class LatticeGroup(Group):
    """Signed permutations of the axes with a shift: x -> R x + shift, (R x)[nu] = sign[nu] x[axis[nu]].

    Parameters: `axis`, `sign` and `shift`, each `(size, D)` of integers.
    """

    def draw(self, x: Tree, size: int, generator: torch.Generator) -> Parameters:
        shape, _ = lattice_of(x)
        still = torch.arange(len(shape)).expand(size, -1)
        return {"axis": still, "sign": torch.ones_like(still), "shift": torch.zeros_like(still)}

    def inverse(self, g: Parameters) -> Parameters:
        """x = R^-1 (y - shift), where (R^-1 y)[axis[nu]] = sign[nu] y[nu]."""
        axis = g["axis"].argsort(1)
        sign = g["sign"].gather(1, axis)
        return {"axis": axis, "sign": sign, "shift": -sign * g["shift"].gather(1, axis)}

    def compose(self, g: Parameters, h: Parameters) -> Parameters:
        """R_g (R_h x + shift_h) + shift_g."""
        axis, sign, shift = (h[key].gather(1, g["axis"]) for key in ("axis", "sign", "shift"))
        return {"axis": axis, "sign": g["sign"] * sign, "shift": g["sign"] * shift + g["shift"]}


class Translations(LatticeGroup):
    """Shifts by any vector along the axes `axes` (all of them)."""

    name = "translations"

    def __init__(self, axes: tuple[int, ...] | None = None) -> None:
        self.axes = axes

    def draw(self, x: Tree, size: int, generator: torch.Generator) -> Parameters:
        still = super().draw(x, size, generator)
        shape, _ = lattice_of(x)
        along = range(len(shape)) if self.axes is None else self.axes
        shifts = [
            torch.randint(extent, (size,), generator=generator) * (axis in along) for axis, extent in enumerate(shape)
        ]
        return still | {"shift": torch.stack(shifts, dim=1)}

    def every(self, x: Tree) -> Parameters:
        shape, _ = lattice_of(x)
        along = range(len(shape)) if self.axes is None else self.axes
        shift = _products(torch.arange(extent if axis in along else 1) for axis, extent in enumerate(shape))
        return LatticeGroup.draw(self, x, len(shift), torch.Generator()) | {"shift": shift}

    def order(self, x: Tree) -> int | None:
        shape, _ = lattice_of(x)
        return math.prod(shape[a] for a in (range(len(shape)) if self.axes is None else self.axes))


class Hypercubic(LatticeGroup):
    """All permutations and reflections of the axes about the origin that keep the extents: 2^D D! for equal ones.

    `axes` restricts it, e.g. to the spatial ones; `reflections = False` to determinant one.
    """

    name = "hypercubic"

    def __init__(self, axes: tuple[int, ...] | None = None, reflections: bool = True) -> None:
        self.axes = axes
        self.reflections = reflections

    def draw(self, x: Tree, size: int, generator: torch.Generator) -> Parameters:
        still = super().draw(x, size, generator)
        shape, _ = lattice_of(x)
        axis, sign = still["axis"].clone(), still["sign"].clone()
        for same in self._classes(shape):
            order = torch.rand((size, len(same)), generator=generator).argsort(1)
            axis[:, same] = torch.tensor(same)[order]
            sign[:, same] = 1 - 2 * torch.randint(2, (size, len(same)), generator=generator)
        if not self.reflections:
            sign[:, self._classes(shape)[0][0]] *= determinant(axis, sign)
        return still | {"axis": axis, "sign": sign}

    def every(self, x: Tree) -> Parameters:
        shape, _ = lattice_of(x)
        classes = self._classes(shape)
        reordered = [torch.tensor(list(permutations(same))) for same in classes]  # (n!, n) for every class of n axes
        places = _products(torch.arange(len(each)) for each in reordered)
        flips = _products(torch.tensor([1, -1]) for _ in range(sum(map(len, classes))))
        still = super().draw(x, len(places) * len(flips), torch.Generator())
        axis, sign = still["axis"].clone(), still["sign"].clone()
        for i, same in enumerate(classes):
            axis[:, same] = reordered[i][places[:, i]].repeat_interleave(len(flips), 0)
        sign[:, [a for same in classes for a in same]] = flips.repeat(len(places), 1)
        kept = slice(None) if self.reflections else determinant(axis, sign) == 1
        return {key: t[kept] for key, t in (still | {"axis": axis, "sign": sign}).items()}

    def _classes(self, shape: tuple[int, ...]) -> list[list[int]]:
        """The axes that may be exchanged with one another."""
        axes = range(len(shape)) if self.axes is None else self.axes
        return [[a for a in axes if shape[a] == extent] for extent in dict.fromkeys(shape[a] for a in axes)]

    def order(self, x: Tree) -> int | None:
        counts = Counter(len(same) for same in self._classes(lattice_of(x)[0]))
        order = math.prod((2**n * math.factorial(n)) ** times for n, times in counts.items())
        return order if self.reflections else order // 2


class TimeReversal(LatticeGroup):
    """The reflection of the last axis: temporal links change their direction, Polyakov loops are conjugated."""

    name = "time-reversal"

    def draw(self, x: Tree, size: int, generator: torch.Generator) -> Parameters:
        still = super().draw(x, size, generator)
        sign = still["sign"].clone()
        sign[:, -1] = 1 - 2 * torch.randint(2, (size,), generator=generator)
        return still | {"sign": sign}

    def every(self, x: Tree) -> Parameters:
        still = super().draw(x, 2, torch.Generator())
        still["sign"][1, -1] = -1
        return still

    def order(self, x: Tree) -> int | None:
        return 2


def _products(axes: Iterable[Tensor]) -> Tensor:
    """All combinations of one number of each axis, `(number, axes)`."""
    axes = list(axes)
    return torch.cartesian_prod(*axes).reshape(-1, len(axes))


def determinant(axis: Tensor, sign: Tensor) -> Tensor:
    """det R = +1 or -1 of signed permutations, `(size,)`."""
    return torch.linalg.det(signed_permutation(axis, sign)).round().long()


def signed_permutation(axis: Tensor, sign: Tensor) -> Tensor:
    """The matrices R, `(size, D, D)`: (R x)[nu] = sign[nu] x[axis[nu]]."""
    return torch.nn.functional.one_hot(axis, axis.shape[1]).double() * sign.unsqueeze(-1)


def source_sites(g: Parameters, shape: tuple[int, ...], ahead: int | None = None) -> Tensor:
    """For every new site y the index of the old site R^-1 (y - shift), `(size, volume)`; of the site in front of
    the first in direction `ahead` if given."""
    axis, sign, shift = g["axis"], g["sign"], g["shift"]
    grid = torch.cartesian_prod(*(torch.arange(extent, device=axis.device) for extent in shape))
    y = grid.reshape(1, -1, len(shape)) - shift.unsqueeze(1)
    if ahead is not None:
        y = y + (torch.arange(len(shape), device=axis.device) == ahead)
    x = torch.empty_like(y).scatter_(2, axis.unsqueeze(1).expand_as(y), sign.unsqueeze(1) * y)
    extents = torch.tensor(shape, device=axis.device)
    strides = torch.tensor([math.prod(shape[i + 1 :]) for i in range(len(shape))], device=axis.device)
    return (torch.remainder(x, extents) * strides).sum(-1)


def gather_sites(data: Tensor, source: Tensor, first: int, ndim: int) -> Tensor:
    """`data` with its sites (the axes from `first` on) taken from `source`, entry by entry."""
    flat = data.flatten(first, first + ndim - 1).movedim(first, 1)
    rows = torch.arange(len(data), device=data.device).unsqueeze(1)
    taken = flat[rows, source].movedim(1, first)
    return taken.reshape(data.shape)


@represent(LatticeGroup, LatticeValue)
def _(g: Parameters, field: LatticeValue) -> LatticeValue:
    ndim, first = g["axis"].shape[1], 1 + field.channels
    shape = tuple(field.data.shape[first : first + ndim])
    return field.with_data(gather_sites(field.data, source_sites(g, shape), first, ndim))


@represent(LatticeGroup, SiteScalars)
def _(g: Parameters, field: SiteScalars) -> SiteScalars:
    ndim, first = g["axis"].shape[1], 1 + field.channels
    shape = tuple(field.data.shape[first : first + ndim])
    moved = gather_sites(field.data, source_sites(g, shape), first, ndim)
    return field.with_data(_parity(g, moved) if "parity" in field.odd else moved)


@represent(LatticeGroup, Scalars)
def _(g: Parameters, value: Scalars) -> Scalars:
    return replace(value, data=_parity(g, value.data)) if "parity" in value.odd else value


def _parity(g: Parameters, data: Tensor) -> Tensor:
    det = determinant(g["axis"], g["sign"]).to(data.device)
    return data * det.reshape(-1, *[1] * (data.ndim - 1))


@represent(LatticeGroup, PolyakovLoop)
def _(g: Parameters, loop: PolyakovLoop) -> PolyakovLoop:
    """Averaged over space; for groups that keep the time axis."""
    last = g["axis"].shape[1] - 1
    if bool((g["axis"][:, -1] != last).any()):
        raise ValueError(
            "a Polyakov loop stays one only if the time axis stays: expected Hypercubic(axes=spatial ones)"
        )
    backward = (g["sign"][:, -1] < 0).reshape(-1, *[1] * (loop.data.ndim - 1))
    return loop.with_data(torch.where(backward, loop.data.conj().resolve_conj(), loop.data))


@represent(LatticeGroup, Links)
def _(g: Parameters, links: Links) -> Links:
    """U'_nu(y) is U_mu at the old site, or the dagger of the U_mu that arrives there, where mu = axis[nu]."""
    shape, ndim = links.shape, len(links.shape)
    rows = torch.arange(len(links.data), device=links.data.device)
    start, directions = source_sites(g, shape), []
    for nu in range(ndim):
        along = links.data[rows, g["axis"][:, nu]]
        backward = (g["sign"][:, nu] < 0).reshape(-1, *[1] * (along.ndim - 1))
        forward = gather_sites(along, start, 1, ndim)
        arriving = gather_sites(along, source_sites(g, shape, ahead=nu), 1, ndim)
        reverse = -arriving if links.is_abelian else arriving.mH
        directions.append(torch.where(backward, reverse, forward))
    return links.with_data(torch.stack(directions, dim=1))


@represent(LatticeGroup, CartesianTensors)
def _(g: Parameters, tensors: CartesianTensors) -> CartesianTensors:
    """One for each entry, with as many components as the lattice has axes."""
    matrices = signed_permutation(g["axis"], g["sign"])
    return tensors.with_data(rotate(tensors.data, matrices, tensors.rank, tensors.pseudo))


refused(
    LatticeGroup,
    ParticleValue,
    reason="particles do not stand at the sites of the lattice; one number or vector for each entry is scalars or "
    "cartesian_tensors",
)


class GlobalSign(Group):
    """Z_2: every field, coordinate and feature changes its sign, and so do outputs that are odd under "z2"."""

    name = "z2"

    def draw(self, x: Tree, size: int, generator: torch.Generator) -> Parameters:
        if not leaves(x):
            raise ValueError("expected at least one value, got an empty tree")
        return {"sign": 1 - 2 * torch.randint(2, (size,), generator=generator)}

    def inverse(self, g: Parameters) -> Parameters:
        return g

    def compose(self, g: Parameters, h: Parameters) -> Parameters:
        return {"sign": g["sign"] * h["sign"]}

    def every(self, x: Tree) -> Parameters:
        return {"sign": torch.tensor([1, -1])}

    def order(self, x: Tree) -> int | None:
        return 2


@represent(GlobalSign, Value)
def _(g: Parameters, value: Value) -> Value:
    return value.with_data(value.data * g["sign"].reshape(-1, *[1] * (value.data.ndim - 1)))


trivial(GlobalSign, SignedLog, PolyakovLoop, EdgeIndex)


@represent(GlobalSign, Scalars)
def _(g: Parameters, value: Scalars) -> Scalars:
    if "z2" not in value.odd:
        return value
    return value.with_data(value.data * g["sign"].reshape(-1, *[1] * (value.data.ndim - 1)))


GROUPS.update({group.name: group for group in (Translations, Hypercubic, TimeReversal, GlobalSign)})
