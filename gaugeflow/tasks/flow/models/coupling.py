"""Coupling flows of gauge fields, and residual ones on the same masks."""

from typing import Annotated, Literal

import torch
from pydantic import Field

from gaugeflow.errors import UserError
from gaugeflow.flows.bases.base import HaarBase
from gaugeflow.flows.coupling.circular_spline import CircularSpline
from gaugeflow.flows.coupling.coupling import Context, Coupling
from gaugeflow.flows.coupling.masks import Mask, block_masks, parity_masks
from gaugeflow.flows.coupling.noncompact import NoncompactMixture
from gaugeflow.flows.coupling.residual import ResidualStout
from gaugeflow.flows.coupling.spectral import SpectralSpline
from gaugeflow.flows.coupling.transform import LoopTransform
from gaugeflow.flows.flow import GaugeFlow
from gaugeflow.groups import SUN, Group
from gaugeflow.lattice.action import Action
from gaugeflow.nn import LCNN, GaugeTheory
from gaugeflow.runs import Count, Number
from gaugeflow.tasks.flow.models.model import ModelSection

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

    def layer(
        self, index: int, group: Group, mask: Mask, context: Context, generator: torch.Generator, dtype: torch.dtype
    ) -> torch.nn.Module:
        """The layer with this index."""
        raise NotImplementedError

    def symmetry(self, scalars: bool) -> str:
        return "gauge * charge" if self.charge else super().symmetry(scalars)

    def build(
        self,
        action: Action,
        group: Group | None,
        shape: tuple[int, ...],
        dtype: torch.dtype,
        device: torch.device,
        generator: torch.Generator,
    ) -> GaugeFlow:
        if group is None:
            raise UserError(f"model: {self.__class__.__name__} is for gauge fields, the action has scalar fields")
        masks, flows = self.masks(len(shape)), []
        for index in range(self.layers):
            mask = masks[index % len(masks)]
            mask.check(shape)
            context = Context(
                group, mask, self.hidden, self.kernel, generator, self._features(group, mask, generator, dtype), dtype
            )
            flows.append(self.layer(index, group, mask, context, generator, dtype))
        return GaugeFlow(HaarBase(group, shape, dtype), flows, action).to(device)

    def _features(
        self, group: Group, mask: Mask, generator: torch.Generator, dtype: torch.dtype
    ) -> tuple[LCNN, int] | None:
        if not self.lcnn:
            return None
        theory = GaugeTheory(group.name, mask.ndim, dtype)
        return LCNN.of(theory, self.lcnn, generator=generator, hidden=()), self.lcnn


class CouplingFlow(MaskedFlow):
    """Coupling layers from Haar measure.

    `transform: spline` with `knots` bins (of a half circle for U(1), of each coordinate of the alcove for SU(N)), or
    for U(1) `mixture` of `knots` non-compact projections. `mask: parity` changes half of the links of a direction at
    once, in any dimension; `mask: blocks` in two dimensions splits cells from `block` down, see `flows/masks.py`.
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

    def layer(
        self, index: int, group: Group, mask: Mask, context: Context, generator: torch.Generator, dtype: torch.dtype
    ) -> Coupling:
        share = self.shares[index % len(self.shares)]
        return Coupling(group, mask, context, self._transform(group, generator, dtype), self.charge, share)

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

    def layer(
        self, index: int, group: Group, mask: Mask, context: Context, generator: torch.Generator, dtype: torch.dtype
    ) -> ResidualStout:
        return ResidualStout(group, mask, context, generator, self.bound, self.charge, dtype)
