"""Coupling flows of gauge fields, and residual ones on the same masks."""

from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import nn

from gaugeflow.errors import UserError
from gaugeflow.flows.coupling.circular_spline import CircularSpline
from gaugeflow.flows.coupling.coupling import Context, Coupling
from gaugeflow.flows.coupling.masks import Mask, block_masks, parity_masks
from gaugeflow.flows.coupling.noncompact import NoncompactMixture
from gaugeflow.flows.coupling.residual import ResidualStout
from gaugeflow.flows.coupling.spectral import SpectralSpline
from gaugeflow.flows.coupling.transform import LoopTransform
from gaugeflow.groups import SUN, Group
from gaugeflow.nn import LCNN, GaugeTheory
from gaugeflow.runs import Count, Number
from gaugeflow.tasks.flow.models.model import ModelSection, Setting

__all__ = ["CouplingFlow", "ResidualFlow"]


class MaskedFlow(ModelSection):
    """What the flows of masked layers share."""

    layers: Count
    """Layers, on the masks in turn."""
    hidden: list[Count] = Field([16, 16], min_length=1)
    """Widths of the hidden layers of each network."""
    kernel: Count = 3
    """Extent of its convolutions, in sites."""
    charge: bool = False
    """Whether every layer commutes with charge conjugation."""
    lcnn: Annotated[int, Field(ge=0)] = 0
    """Features of an L-CNN that the networks see in place of traces; zero for traces."""

    def masks(self, ndim: int) -> tuple[Mask, ...]:
        """The masks in the order of the layers."""
        return parity_masks(ndim)

    def layer(self, index: int, group: Group, context: Context, setting: Setting) -> nn.Module:
        """The layer with this index."""
        raise NotImplementedError

    def symmetry(self, scalars: bool) -> str:
        return "gauge * charge" if self.charge else super().symmetry(scalars)

    def layers_in(self, setting: Setting) -> list[nn.Module]:
        if (group := setting.group) is None:
            raise UserError(f"model: {self.__class__.__name__} is for gauge fields, the action has scalar fields")
        masks, layers = self.masks(len(setting.shape)), []
        for index in range(self.layers):
            mask, features = masks[index % len(masks)], None
            mask.check(setting.shape)
            if self.lcnn:
                theory = GaugeTheory(group.name, mask.ndim, setting.dtype)
                features = LCNN.of(theory, self.lcnn, generator=setting.generator, hidden=()), self.lcnn
            context = Context(group, mask, self.hidden, self.kernel, setting.generator, features, setting.dtype)
            layers.append(self.layer(index, group, context, setting))
        return layers


class CouplingFlow(MaskedFlow):
    """Coupling layers from Haar measure.

    A spline acts on a half circle for U(1) and on each coordinate of the alcove for SU(N). `mask: parity` changes half
    of the links of a direction at once, in any dimension; `mask: blocks` splits cells from `block` down, in two
    dimensions. Every mask has one layer for each of the `shares`: for SU(N) several of them turn the axes of loops too.
    """

    name: Literal["coupling"]
    mask: Literal["parity", "blocks"] = "parity"
    """Which links a layer changes: every second one of a direction, or those that split a block."""
    block: list[Count] = Field([4, 4], min_length=2, max_length=2)
    """Extents of the largest block, in plaquettes."""
    transform: Literal["spline", "mixture"] = "spline"
    """The map of a loop: a spline, or for U(1) a mixture of non-compact projections."""
    knots: Count = 6
    """Bins of the spline, or components of the mixture."""
    shares: list[Annotated[Number, Field(ge=0, le=1)]] = Field([0.5], min_length=1)
    """For each layer on a mask, where between its two staples the identity lies."""

    def masks(self, ndim: int) -> tuple[Mask, ...]:
        masks = parity_masks(ndim) if self.mask == "parity" else block_masks(self.block)
        return tuple(mask for mask in masks for _ in self.shares)

    def layer(self, index: int, group: Group, context: Context, setting: Setting) -> Coupling:
        transform = self._transform(group, setting.generator, setting.dtype)
        return Coupling(group, context.mask, context, transform, self.charge, self.shares[index % len(self.shares)])

    def _transform(self, group: Group, generator: torch.Generator, dtype: torch.dtype) -> LoopTransform:
        width = self.hidden[-1]
        if isinstance(group, SUN):
            if self.transform != "spline":
                raise UserError(f"model: transform mixture is for u1, {group.name} takes spline")
            if self.charge and group.n > 3:
                raise UserError(f"model: charge is for u1, su2 and su3, got {group.name}")
            return SpectralSpline(group, width, self.knots, generator, dtype)
        kind = CircularSpline if self.transform == "spline" else NoncompactMixture
        return kind(width, self.knots, generator, dtype)


class ResidualFlow(MaskedFlow):
    """Masked stout layers from Haar measure."""

    name: Literal["residual"]
    bound: Annotated[float, Field(gt=0, lt=1)] = 0.9
    """Lipschitz constant of each layer; below one the layer is a bijection."""

    def layer(self, index: int, group: Group, context: Context, setting: Setting) -> ResidualStout:
        return ResidualStout(group, context.mask, context, setting.generator, self.bound, self.charge, setting.dtype)
