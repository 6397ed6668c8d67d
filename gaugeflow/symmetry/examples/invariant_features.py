"""Invariant features of point clouds and of links, from low order to high, the same in every order of the points."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from gaugeflow.symmetry.actions.fields import Links
from gaugeflow.symmetry.actions.particles import Points
from gaugeflow.symmetry.actions.values import Value
from gaugeflow.symmetry.examples.particle_networks import PointNetwork

__all__ = ["FEATURES", "Features", "plaquettes_and_windings", "triangles"]


@dataclass(frozen=True)
class Features:
    """A function of plain tensors to numbers `(batch, m)`, and the type of value that it takes."""

    name: str
    kind: type[Value]
    of: Callable[[Tensor], Tensor]


FEATURES: dict[str, Features] = {}
"""Features by name, those of low order first."""


def feature(name: str, kind: type[Value]) -> Callable[[Callable[[Tensor], Tensor]], Callable[[Tensor], Tensor]]:
    """Register a function as features of values of one type."""

    def register(of: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
        FEATURES[name] = Features(name, kind, of)
        return of

    return register


def power_sums(numbers: Tensor, highest: int) -> Tensor:
    """sum_i x_i^k for k = 1 ... `highest` of a list `(batch, n)`: the list without its order, `(batch, highest)`."""
    return torch.stack([numbers.pow(k).sum(1) for k in range(1, highest + 1)], dim=1)


def _squares(r: Tensor, corners: tuple[int, ...]) -> Tensor:
    """Squared distances between the points of one group of them, `(batch, pairs)`."""
    i, j = zip(*itertools.combinations(corners, 2), strict=True)
    return (r[:, list(i)] - r[:, list(j)]).square().sum(-1) / 10


@feature("distances", Points)
def distances(r: Tensor) -> Tensor:
    """The histogram of all distances, as power sums of their squares."""
    squares = _squares(r, tuple(range(r.shape[1])))
    return power_sums(squares, squares.shape[1])


@feature("distances and angles at the origin", Points)
def angles_at_the_origin(r: Tensor) -> Tensor:
    """The distribution of (|r_i|, |r_j|, r_i . r_j) over all pairs: three-body invariants of a centre, the origin."""
    gram = r @ r.mT
    i, j = torch.triu_indices(r.shape[1], r.shape[1], 1)
    length, product = gram.diagonal(dim1=1, dim2=2), gram[:, i, j]
    moments = [(length[:, i] + length[:, j]).pow(a) * product.pow(k) for a in range(2) for k in range(1, len(i) + 1)]
    return torch.cat([power_sums(length, r.shape[1]), torch.stack(moments, 2).sum(1)], dim=1)


@feature("triangles", Points)
def triangles(r: Tensor) -> Tensor:
    """The distribution of the three sides over all triangles, as sums of symmetric polynomials of them."""
    sides = torch.stack([_squares(r, corners) for corners in itertools.combinations(range(r.shape[1]), 3)], dim=1)
    a, b, c = sides.unbind(2)
    first, second, third = a + b + c, a * b + b * c + c * a, a * b * c
    orders = [(i, j, k) for i in range(4) for j in range(3) for k in range(3) if i + j + k > 0]
    return torch.stack([(first**i * second**j * third**k).sum(1) for i, j, k in orders], dim=1)


@feature("signed volumes", Points)
def signed_volumes(r: Tensor) -> Tensor:
    """The distribution of the volumes of all tetrahedra in space, signed by the order of their corners by distance: a
    mirror image changes the sign."""
    volumes = []
    for corners in itertools.combinations(range(r.shape[1]), 4):
        cloud = r[:, list(corners)]
        reach = (cloud.unsqueeze(2) - cloud.unsqueeze(1)).square().sum((2, 3))
        ordered = torch.take_along_dim(cloud, reach.argsort(1).unsqueeze(2), 1)
        volumes.append(torch.linalg.det(ordered[:, 1:] - ordered[:, :1]))
    return power_sums(torch.stack(volumes, 1), 3)


@feature("quadruples at the origin", Points)
def quadruples_at_the_origin(r: Tensor) -> Tensor:
    """The distribution of det(1 + r_i . r_j) over all triples of points: four-body invariants of a centre."""
    gram = 1 + r @ r.mT
    corners = torch.tensor(list(itertools.combinations(range(r.shape[1]), 3)))
    return power_sums(torch.linalg.det(gram[:, corners.unsqueeze(2), corners.unsqueeze(1)]), 3)


NETWORK = PointNetwork()


@feature("E(3) point cloud network", Points)
def point_network(r: Tensor) -> Tensor:
    """The scalars of a message-passing network with random weights, summed over the points `(batch, n, 3)`."""
    return NETWORK(r, torch.ones(*r.shape[:2], 2, dtype=r.dtype))[1].sum(1)


def loops(u: Tensor) -> Tensor:
    """tr P / N of the plaquettes in the plane of directions 0 and 1, complex `(batch, *shape)`."""
    if not u.is_complex():
        angle = u[:, 0] + u[:, 1].roll(-1, 1) - u[:, 0].roll(-1, 2) - u[:, 1]
        return torch.polar(torch.ones_like(angle), angle)
    p = u[:, 0] @ u[:, 1].roll(-1, 1) @ u[:, 0].roll(-1, 2).mH @ u[:, 1].mH
    return p.diagonal(dim1=-2, dim2=-1).mean(-1)


@feature("mean of Re tr P", Links)
def mean_plaquette(u: Tensor) -> Tensor:
    return loops(u).real.flatten(1).mean(1, keepdim=True)


@feature("histogram of tr P", Links)
def plaquette_histogram(u: Tensor) -> Tensor:
    """Power sums of tr P and of |tr P|^2, real and imaginary parts."""
    flat = loops(u).flatten(1)
    return torch.cat([power_sums(flat, 4).real, power_sums(flat, 4).imag, power_sums(flat.abs().square(), 4)], dim=1)


@feature("pairs of plaquettes", Links)
def plaquette_pairs(u: Tensor) -> Tensor:
    """sum_x tr P(x) conj(tr P(x + y)) and the same without conjugation, for all y."""
    p = loops(u)
    axes = tuple(range(1, p.ndim))
    shifts = itertools.product(*(range(extent) for extent in p.shape[1:]))
    sums = [(p * other).sum(axes) for y in shifts for moved in [p.roll(y, axes)] for other in (moved, moved.conj())]
    return torch.view_as_real(torch.stack(sums, 1)).flatten(1)


@feature("triples of plaquettes", Links)
def plaquette_triples(u: Tensor) -> Tensor:
    """sum_x tr P(x) tr P(x + y) tr P(x + z) for all shifts y, z along the first axis."""
    p = loops(u)
    axes = tuple(range(1, p.ndim))
    steps = range(p.shape[1])
    sums = [(p * p.roll(-y, 1) * p.roll(-z, 1)).sum(axes) for y in steps for z in range(y, p.shape[1])]
    return torch.view_as_real(torch.stack(sums, 1)).flatten(1)


@feature("Polyakov loops", Links)
def polyakov_loops(u: Tensor) -> Tensor:
    """The mean over space of the trace of the links along each axis, and of its modulus squared."""
    every = [_winding(u, mu).flatten(1) for mu in range(u.shape[1])]
    parts = [part.mean(1) for loop in every for part in (loop.real, loop.imag, loop.abs().square())]
    return torch.stack(parts, dim=1)


def plaquettes_and_windings(u: Tensor) -> Tensor:
    """tr / N of every plaquette of the plane 0, 1 and of every Polyakov loop by itself, real numbers `(batch, m)`."""
    every = [loops(u), *(_winding(u, mu) for mu in range(u.shape[1]))]
    return torch.cat([torch.view_as_real(loop).flatten(1) for loop in every], dim=1)


def _winding(u: Tensor, mu: int) -> Tensor:
    """tr / N of the product of all links along axis `mu`, complex `(batch, *others)`."""
    if not u.is_complex():
        angle = u[:, mu].sum(1 + mu)
        return torch.polar(torch.ones_like(angle), angle)
    line = u[:, mu].movedim(1 + mu, 0)
    product = line[0]
    for link in line[1:]:
        product = product @ link
    return product.diagonal(dim1=-2, dim2=-1).mean(-1)
