"""Claims about the flows of scalar fields."""

from functools import partial

import torch
from torch import Tensor, nn

from gaugeflow import flows
from gaugeflow.flows.coupling.periodic_network import PeriodicNetwork
from gaugeflow.symmetry import Scalars, SiteScalars
from gaugeflow.symmetry.claims import Bijection, Claim, Equivariance


def continuous_claims(x: SiteScalars) -> list[Claim]:
    """Weights that are small and constant in time, so that rounding is all that is left of the integrator's error."""
    flow = flows.ScalarContinuousFlow(x.shape, [2.0], radius=1, knots=2, steps=2)
    flow.weights.data[:] = 0.0005 * _normal(flow.weights[0])
    return [
        Bijection(flow.forward, x, inverse=flow.inverse, label="continuous flow of scalars"),
        _symmetric(flow, x, "translations * hypercubic * z2"),
    ]


def coupling_claims(x: SiteScalars, spline: bool) -> list[Claim]:
    """A checkerboard is no symmetry of all translations, and the network none of the rotations."""
    generator = torch.Generator().manual_seed(3)
    transform = flows.ScalarSpline(4, 4, 2.0, generator) if spline else flows.ScalarAffine(4, generator)
    network = PeriodicNetwork(len(x.shape), 1, [4], 3, generator)
    layer = flows.ScalarCoupling(x.shape, 1, network, transform)
    for weight in transform.parameters():
        weight.data = 0.5 * _normal(weight)
    return [Bijection(layer.forward, x, inverse=layer.inverse, label=f"{layer}"), _symmetric(layer, x, "z2")]


def _symmetric(flow: nn.Module, x: SiteScalars, group: str) -> Claim:
    """The field moves along, its log-determinant stays."""
    return Equivariance(flow.forward, x, group=group, out=(partial(SiteScalars, channels=0), Scalars))


def _normal(like: Tensor) -> Tensor:
    return torch.randn(like.shape, generator=torch.Generator().manual_seed(4), dtype=like.dtype)
