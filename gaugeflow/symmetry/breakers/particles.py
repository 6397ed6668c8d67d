"""Mistakes with particles: signs of permutations, order of parameters, privileged axes and mirrors."""

from __future__ import annotations

import math

import torch

from gaugeflow.symmetry.actions.particles import PointFeatures, Points
from gaugeflow.symmetry.actions.scalars import SignedLog
from gaugeflow.symmetry.breakers.base import on_input, on_output


@on_input("parameter order dependence", "particle i is scaled by a parameter with its own index", Points)
def _(points: Points) -> Points:
    n = points.data.shape[1]
    return points.with_data(
        points.data * torch.linspace(0.8, 1.2, n, dtype=points.data.dtype, device=points.data.device)[:, None]
    )


@on_input("first particle apart", "the first particle is treated as the reference", Points)
def _(points: Points) -> Points:
    data = points.data.clone()
    data[:, 0] = 0.5 * data[:, 0]
    return points.with_data(data)


@on_input("anisotropic axis", "the last coordinate counts more", Points)
def _(points: Points) -> Points:
    data = points.data.clone()
    data[..., -1] = 1.5 * data[..., -1]
    return points.with_data(data)


@on_input("activation on coordinates", "a hyperbolic tangent acts on every coordinate", Points)
def _(points: Points) -> Points:
    return points.with_data(torch.tanh(points.data))


@on_input("privileged origin", "positions are damped with their distance from the origin", Points)
def _(points: Points) -> Points:
    return points.with_data(points.data / (1 + points.data.square().sum(-1, keepdim=True)))


@on_input("handed cross product", "a cross product of positions is added as if it were a vector", Points)
def _(points: Points) -> Points:
    if points.data.shape[-1] != 3:
        return points
    centred = points.data - points.data.mean(1, keepdim=True)
    size = centred.norm(dim=-1, keepdim=True)
    weighted = (size * centred).mean(1, keepdim=True).expand_as(centred)
    return points.with_data(points.data + torch.linalg.cross(centred, weighted))


@on_input("neighbour in the list", "a particle sees the next one in the list", Points)
def _(points: Points) -> Points:
    return points.with_data(points.data + 0.3 * points.data.roll(1, 1))


@on_input("last particle dropped", "the last particle is moved to the origin: an off-by-one in a loop", Points)
def _(points: Points) -> Points:
    data = points.data.clone()
    data[:, -1] = 0
    return points.with_data(data)


@on_output("activation on vector components", "a ReLU acts on the components of vectors", PointFeatures)
def _(features: PointFeatures) -> PointFeatures:
    return features.with_data(features.data.relu()) if features.rank else features


@on_output("bias on vectors", "a constant vector is added", PointFeatures)
def _(features: PointFeatures) -> PointFeatures:
    return features.with_data(features.data + 0.2) if features.rank else features


@on_output("two components swapped", "the first two components of the vectors are exchanged", PointFeatures)
def _(features: PointFeatures) -> PointFeatures:
    if not features.rank:
        return features
    d = features.data.shape[-1]
    return features.with_data(features.data[..., [1, 0, *range(2, d)]])


@on_output("weight by index", "the features of particle i are scaled by i", PointFeatures)
def _(features: PointFeatures) -> PointFeatures:
    n = features.data.shape[1]
    weight = torch.linspace(0.5, 1.5, n, dtype=features.data.dtype, device=features.data.device)
    return features.with_data(features.data * weight.reshape(n, *[1] * (features.data.ndim - 2)))


@on_output("wrong sign of a permutation", "the modulus of psi is returned: bosons for fermions", SignedLog, blend=False)
def _(psi: SignedLog) -> SignedLog:
    return SignedLog(psi.sign.abs(), psi.data)


@on_output("constant admixture", "a constant is added to an antisymmetric psi", SignedLog, blend=False)
def _(psi: SignedLog) -> SignedLog:
    value = psi.sign * torch.exp(psi.data) + math.exp(-3.0)
    return SignedLog(value.sgn(), value.abs().log())
