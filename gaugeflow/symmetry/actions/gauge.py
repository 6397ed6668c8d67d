"""Gauge groups: local and global U(1) and SU(N), the centre on a time slice, charge conjugation."""

from __future__ import annotations

import math
from dataclasses import replace

import torch
from torch import Tensor

from gaugeflow.symmetry.actions.fields import Links, SiteMatrices, SiteScalars, SiteVectors, lattice_of
from gaugeflow.symmetry.actions.groups import GROUPS, Group, Parameters, refused, represent, trivial
from gaugeflow.symmetry.actions.haar import haar
from gaugeflow.symmetry.actions.particles import ParticleValue
from gaugeflow.symmetry.actions.scalars import CartesianTensors, PolyakovLoop, Scalars
from gaugeflow.symmetry.actions.values import Tree, Value, leaves

__all__ = ["Centre", "ChargeConjugation", "GlobalGauge", "LocalGauge"]


def is_abelian(x: Tree) -> bool:
    """Whether the gauge group of `x` is U(1): real links, or one colour."""
    links = [leaf for leaf in leaves(x) if isinstance(leaf, Links)]
    return links[0].is_abelian if links else lattice_of(x)[1] == 1


class LocalGauge(Group):
    """U_mu(x) -> W(x) U_mu(x) W(x + mu)^dagger with an independent Haar-distributed W(x) at every site."""

    name = "gauge"

    def draw(self, x: Tree, size: int, generator: torch.Generator) -> Parameters:
        shape, colour = lattice_of(x)
        return {"W": haar((size, *shape), colour, generator, abelian=is_abelian(x))}

    def inverse(self, g: Parameters) -> Parameters:
        return {"W": g["W"].mH if g["W"].is_complex() else -g["W"]}

    def compose(self, g: Parameters, h: Parameters) -> Parameters:
        return {"W": g["W"] @ h["W"] if g["W"].is_complex() else g["W"] + h["W"]}


class GlobalGauge(LocalGauge):
    """The same W at every site."""

    name = "global-gauge"

    def draw(self, x: Tree, size: int, generator: torch.Generator) -> Parameters:
        shape, colour = lattice_of(x)
        w = haar((size, *[1] * len(shape)), colour, generator, abelian=is_abelian(x))
        return {"W": w.expand(size, *shape, *w.shape[1 + len(shape) :])}


@represent(LocalGauge, Links)
def _(g: Parameters, links: Links) -> Links:
    w = g["W"]
    ahead = torch.stack([w.roll(-1, dims=1 + mu) for mu in range(len(links.shape))], dim=1)
    if links.is_abelian:
        return links.with_data(w.unsqueeze(1) + links.data - ahead)
    return links.with_data(w.unsqueeze(1) @ links.data @ ahead.mH)


@represent(LocalGauge, SiteMatrices)
def _(g: Parameters, field: SiteMatrices) -> SiteMatrices:
    if not g["W"].is_complex():
        return field
    w = _over_channels(g["W"], field.channels)
    return field.with_data(w @ field.data @ w.mH)


@represent(LocalGauge, SiteVectors)
def _(g: Parameters, field: SiteVectors) -> SiteVectors:
    w = _over_channels(g["W"], field.channels)
    if not w.is_complex():
        return field.with_data(torch.polar(torch.ones_like(w), w).unsqueeze(-1) * field.data)
    return field.with_data((w @ field.data.unsqueeze(-1)).squeeze(-1))


trivial(LocalGauge, SiteScalars, ParticleValue, CartesianTensors)


def _over_channels(w: Tensor, channels: int) -> Tensor:
    return w.reshape(w.shape[0], *[1] * channels, *w.shape[1:])


class Centre(Group):
    """Links in time direction on one time slice times z, z**N = 1 (any phase for U(1)).

    Contractible loops and matrices made of them do not change; a Polyakov loop picks up z. The slice is drawn: another
    one differs by a gauge transformation. `every` takes the first one.

    Parameters: `phase`, the angle of z on each time slice, `(size, time)`.
    """

    name = "centre"

    def draw(self, x: Tree, size: int, generator: torch.Generator) -> Parameters:
        shape, colour = lattice_of(x)
        time = torch.randint(shape[-1], (size,), generator=generator)
        if is_abelian(x):
            phase = haar((size,), 1, generator, abelian=True)
        else:
            phase = 2 * math.pi / colour * torch.randint(colour, (size,), generator=generator).double()
        return {"phase": phase.unsqueeze(1) * (torch.arange(shape[-1]) == time.unsqueeze(1))}

    def inverse(self, g: Parameters) -> Parameters:
        return {"phase": -g["phase"]}

    def compose(self, g: Parameters, h: Parameters) -> Parameters:
        return {"phase": g["phase"] + h["phase"]}

    def every(self, x: Tree) -> Parameters:
        if is_abelian(x):
            return super().every(x)
        shape, colour = lattice_of(x)
        phase = torch.zeros(colour, shape[-1], dtype=torch.float64)
        phase[:, 0] = 2 * math.pi / colour * torch.arange(colour).double()
        return {"phase": phase}

    def order(self, x: Tree) -> int | None:
        return None if is_abelian(x) else lattice_of(x)[1]


@represent(Centre, Links)
def _(g: Parameters, links: Links) -> Links:
    extent, ndim = links.shape[-1], len(links.shape)
    angle = g["phase"].reshape(-1, *[1] * (ndim - 1), extent)
    rest, last = links.data[:, :-1], links.data[:, -1:]
    if links.is_abelian:
        return links.with_data(torch.cat([rest, last + angle.unsqueeze(1)], dim=1))
    z = torch.polar(torch.ones_like(angle), angle)[:, None, ..., None, None]
    return links.with_data(torch.cat([rest, last * z], dim=1))


@represent(Centre, PolyakovLoop)
def _(g: Parameters, loop: PolyakovLoop) -> PolyakovLoop:
    angle = loop.winding * g["phase"].sum(1).reshape(-1, *[1] * (loop.data.ndim - 1))
    return loop.with_data(loop.data * torch.polar(torch.ones_like(angle), angle))


trivial(Centre, SiteMatrices, SiteScalars, ParticleValue, CartesianTensors)
refused(Centre, SiteVectors, reason="matter in the fundamental breaks the centre symmetry")


class ChargeConjugation(Group):
    """U -> U^*: complex fields and loops are conjugated, U(1) angles and what is odd under "charge" change sign."""

    name = "charge"

    def draw(self, x: Tree, size: int, generator: torch.Generator) -> Parameters:
        return {"conjugate": torch.randint(2, (size,), generator=generator)}

    def inverse(self, g: Parameters) -> Parameters:
        return g

    def compose(self, g: Parameters, h: Parameters) -> Parameters:
        return {"conjugate": g["conjugate"] ^ h["conjugate"]}

    def every(self, x: Tree) -> Parameters:
        return {"conjugate": torch.tensor([0, 1])}

    def order(self, x: Tree) -> int | None:
        return 2


def _where_conjugate(g: Parameters, conjugate: Tensor, data: Tensor) -> Tensor:
    flag = (g["conjugate"] == 1).reshape(-1, *[1] * (data.ndim - 1))
    return torch.where(flag, conjugate.resolve_conj(), data)


@represent(ChargeConjugation, SiteMatrices)
@represent(ChargeConjugation, SiteVectors)
@represent(ChargeConjugation, PolyakovLoop)
def _(g: Parameters, value: Value) -> Value:
    return value.map(lambda t: _where_conjugate(g, t.conj(), t))


@represent(ChargeConjugation, Links)
def _(g: Parameters, links: Links) -> Links:
    conjugate = -links.data if links.is_abelian else links.data.conj()
    return links.with_data(_where_conjugate(g, conjugate, links.data))


@represent(ChargeConjugation, SiteScalars)
@represent(ChargeConjugation, Scalars)
def _(g: Parameters, value: Scalars) -> Scalars:
    sign = -1 if "charge" in value.odd else 1
    return replace(value, data=_where_conjugate(g, sign * value.data.conj(), value.data))


trivial(ChargeConjugation, ParticleValue, CartesianTensors)

GROUPS.update({group.name: group for group in (LocalGauge, GlobalGauge, Centre, ChargeConjugation)})
