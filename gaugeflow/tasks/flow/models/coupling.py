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
    """What the flows of masked layers share: `layers` layers on the masks in turn, `hidden` and `kernel` of their
    networks, `charge` for exact charge conjugation, `lcnn` for the features of an L-CNN in place of traces."""

    layers: Count
    hidden: list[Count] = Field([16, 16], min_length=1)
    kernel: Count = 3
    charge: bool = False
    lcnn: Annotated[int, Field(ge=0)] = 0

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

    `transform: spline` with `knots` bins (of a half circle for U(1), of each coordinate of the alcove for SU(N)), or
    for U(1) `mixture` of `knots` non-compact projections. `mask: parity` changes half of the links of a direction at
    once, in any dimension; `mask: blocks` in two dimensions splits cells from `block` down (`flows/coupling/masks.py`).
    Every mask has one layer for each of the `shares`, which say where between its two staples the identity lies: for
    SU(N) several of them turn the axes of loops too.
    """

    name: Literal["coupling"]
    mask: Literal["parity", "blocks"] = "parity"
    block: list[Count] = Field([4, 4], min_length=2, max_length=2)
    transform: Literal["spline", "mixture"] = "spline"
    knots: Count = 6
    shares: list[Annotated[Number, Field(ge=0, le=1)]] = Field([0.5], min_length=1)

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
    """Masked stout layers from Haar measure; `bound` keeps each a contraction."""

    name: Literal["residual"]
    bound: Annotated[float, Field(gt=0, lt=1)] = 0.9

    def layer(self, index: int, group: Group, context: Context, setting: Setting) -> ResidualStout:
        return ResidualStout(group, context.mask, context, setting.generator, self.bound, self.charge, setting.dtype)
