"""Mistakes with links."""

from __future__ import annotations

import torch
from torch import Tensor

from gaugeflow.symmetry.actions.fields import Links
from gaugeflow.symmetry.breakers.base import on_input


def _one_direction(links: Links, fn: object, mu: int = 0) -> Links:
    data = links.data.clone()
    data[:, mu] = fn(links.data[:, mu])  # type: ignore[operator]
    return links.with_data(data)


@on_input("drop a dagger", "the links of direction 0 are taken without their dagger (or with one too many)", Links)
def _(links: Links) -> Links:
    return _one_direction(links, lambda u: -u if links.is_abelian else u.mH)


@on_input("conjugate instead of dagger", "the links of direction 0 are complex conjugated", Links)
def _(links: Links) -> Links:
    return links if links.is_abelian else _one_direction(links, lambda u: u.conj())


@on_input("transpose instead of dagger", "the links of the last direction are transposed", Links)
def _(links: Links) -> Links:
    return links if links.is_abelian else _one_direction(links, lambda u: u.mT, -1)


@on_input("shift by the wrong site", "the links of direction 0 are taken one site further along axis 1", Links)
def _(links: Links) -> Links:
    return _one_direction(links, lambda u: u.roll(-1, 2))


@on_input("swap two directions", "the links of directions 0 and 1 are exchanged, the sites are not", Links)
def _(links: Links) -> Links:
    order = [1, 0, *range(2, len(links.shape))]
    return links.with_data(links.data[:, order])


@on_input("bias on links", "a constant is added to every component of the links", Links)
def _(links: Links) -> Links:
    return _one_direction(links, lambda u: u + 0.3)


@on_input("activation on link components", "a hyperbolic tangent acts on real and imaginary parts", Links)
def _(links: Links) -> Links:
    return links.with_data(_componentwise(links.data, torch.tanh))


@on_input("one matrix element scaled", "the upper left element of every matrix counts more", Links)
def _(links: Links) -> Links:
    if links.is_abelian:
        return links
    data = links.data.clone()
    data[..., 0, 0] = 1.5 * data[..., 0, 0]
    return links.with_data(data)


@on_input("links wrap into the wrong row", "the last slice along axis 0 reads its links one row off", Links)
def _(links: Links) -> Links:
    data = links.data.clone()
    data[:, :, -1] = data[:, :, -1].roll(1, 2)
    return links.with_data(data)


@on_input("open boundary", "the links that close the lattice along axis 0 are removed", Links)
def _(links: Links) -> Links:
    data = links.data.clone()
    data[:, 0, -1] = 0
    return links.with_data(data)


@on_input("time treated apart", "the temporal links count more than the spatial ones", Links)
def _(links: Links) -> Links:
    if len(links.shape) == 2:
        return links  # every loop of a plane with as many steps along x as along t would be scaled alike
    return _one_direction(links, lambda u: 1.5 * u, -1)


@on_input("phase on all links", "a constant phase: charge conjugation and reflections notice", Links, blend=False)
def _(links: Links) -> Links:
    if links.is_abelian:
        return links.with_data(links.data + 0.4)
    phase = torch.polar(*torch.tensor([1.0, 0.4], dtype=links.data.real.dtype))
    return links.with_data(links.data * phase)


@on_input("winding link leaks", "the temporal links of the first slice are replaced by their real parts", Links)
def _(links: Links) -> Links:
    data = links.data.clone()
    first = data[:, -1, ..., 0] if links.is_abelian else data[:, -1, ..., 0, :, :]
    first.copy_(first.abs() if links.is_abelian else first.real.to(first.dtype))
    return links.with_data(data)


def _componentwise(data: Tensor, fn: object) -> Tensor:
    if data.is_complex():
        return torch.view_as_complex(fn(torch.view_as_real(data)))  # type: ignore[operator]
    return fn(data)  # type: ignore[operator]
