"""Claims about the coupling and residual layers of gauge fields, and about densities of them that are averaged."""

from typing import Any

import torch
from torch import nn

from gaugeflow import flows
from gaugeflow.groups import get_group
from gaugeflow.lattice import Defect, WilsonAction
from gaugeflow.symmetry import Links, Product, Scalars, Translations, group_named
from gaugeflow.symmetry.actions.groups import Parameters
from gaugeflow.symmetry.actions.values import Tree
from gaugeflow.symmetry.claims import Bijection, Claim, Equivariance
from tests.registry.line import links


class PeriodTranslations(Translations):
    """The translations that map a mask onto itself."""

    name = "translations of a mask"

    def __init__(self, periods: tuple[int, ...]) -> None:
        super().__init__()
        self.periods = periods

    def draw(self, x: Tree, size: int, generator: torch.Generator) -> Parameters:
        drawn = super().draw(x, size, generator)
        return drawn | {"shift": drawn["shift"] * torch.tensor(self.periods)}

    def order(self, x: Tree) -> None:
        return None


def with_random_weights(layer: nn.Module, size: float) -> nn.Module:
    """The layer away from the identity, at which it begins."""
    generator = torch.Generator().manual_seed(4)
    for weight in layer.parameters():
        weight.data += size * torch.randn(weight.shape, generator=generator, dtype=weight.dtype)
    return layer


def coupling(name: str, mask: flows.Mask, charge: bool = False, mixture: bool = False, share: float = 0.5) -> nn.Module:
    """A layer with a small network."""
    group, generator = get_group(name), torch.Generator().manual_seed(3)
    context = flows.Context(group, mask, [6], 3, generator)
    if name == "u1":
        kind = flows.NoncompactMixture if mixture else flows.CircularSpline
        transform: Any = kind(6, 3, generator)
    else:
        transform = flows.SpectralSpline(group, 6, 4, generator)
    return with_random_weights(flows.Coupling(group, mask, context, transform, charge, share), 0.5)


def residual(name: str, mask: flows.Mask, charge: bool = False) -> nn.Module:
    """A layer with a small network, whose coefficients are near their bound."""
    group, generator = get_group(name), torch.Generator().manual_seed(3)
    context = flows.Context(group, mask, [6], 3, generator)
    return with_random_weights(flows.ResidualStout(group, mask, context, generator, charge=charge), 2.0)


def layer_claims(layer: nn.Module, x: Links, small: Links | None = None) -> list[Claim]:
    """A bijection that commutes with gauge rotations, the mask's translations, and perhaps charge conjugation.

    A Jacobian by autograd costs a backward pass for each direction of each link: `small` is a lattice with fewer.
    """
    group = Product(group_named("gauge * charge" if layer.charge else "gauge"), PeriodTranslations(layer.mask.periods))
    label = f"{type(layer).__name__} ({layer.extra_repr()})"
    return [
        Bijection(layer.forward, small or x, inverse=layer.inverse, label=label),
        Equivariance(layer.forward, x, group=group, out=(Links, Scalars), label=label),
    ]


def stout_claims(name: str, shape: tuple[int, int]) -> list[Claim]:
    """From a weak defect to a strong one; the layer commutes with whatever leaves the links in their places."""
    before, after = (WilsonAction(2, 2.0).weighted(Defect(1, strength)) for strength in (0.2, 0.7))
    layer, x = with_random_weights(flows.StoutStep(shape, before, after), 1.0), links(name, shape)
    return [
        Bijection(layer.forward, x, inverse=layer.inverse, label="stout step"),
        Equivariance(layer.forward, x, group="gauge * charge", out=(Links, Scalars), label="stout step"),
    ]


def without_symmetry(name: str) -> flows.GaugeFlow:
    """Two coupling layers of different directions, whose density has no symmetry but the gauge group."""
    masks = flows.parity_masks(2)
    layers = [coupling(name, masks[0]), coupling(name, masks[3])]
    return flows.GaugeFlow(flows.HaarBase(get_group(name), (4, 4)), layers, WilsonAction(2, 1.0))


def symmetrized_claims(name: str, group: str, elements: int | None) -> list[Claim]:
    """Invariance under every factor of the group that is there as a whole, and still under the gauge group."""
    x = links(name, (4, 4))
    chosen = flows.choose_operations(group, x, elements)
    averaged = flows.Symmetrized(without_symmetry(name), chosen.elements, x)
    kept = " * ".join(["gauge", *chosen.whole])
    return [Equivariance(averaged.log_prob, x, f"averaged density of {name}", kept, Scalars)]
