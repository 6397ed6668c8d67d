"""Claims about the refinement flows of two-dimensional gauge fields."""

import torch
from torch import nn

from gaugeflow import flows
from gaugeflow.groups import get_group
from gaugeflow.symmetry import Links, Scalars
from gaugeflow.symmetry.claims import Bijection, Claim, Equivariance
from tests.registry.line import links

Kind = type[flows.RefinementFlow] | type[flows.PeelingFlow]


def refinement(name: str, shape: tuple[int, int], kind: Kind) -> nn.Module:
    """A flow with small networks away from the identity."""
    generator = torch.Generator().manual_seed(3)
    layer = kind(get_group(name), shape, [1, 2] if kind is flows.RefinementFlow else [1], 4, [5], generator)
    for weight in layer.parameters():
        weight.data += 0.3 * torch.randn(weight.shape, generator=generator, dtype=weight.dtype)
    return layer


def refinement_claims(name: str, shape: tuple[int, int], kind: Kind = flows.RefinementFlow) -> list[Claim]:
    """A bijection that commutes with gauge rotations, and for U(1) and SU(2) with charge conjugation."""
    layer, group = refinement(name, shape, kind), "gauge" if name == "su3" else "gauge * charge"
    x = links(name, shape)
    label = f"{kind.__name__} of {name} on {shape[0]} x {shape[1]}"
    return [
        Bijection(layer, x, label, layer.inverse),
        Equivariance(layer, x, label, group, (Links, Scalars)),
    ]
