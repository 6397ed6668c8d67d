"""The refinement flow of two-dimensional gauge theory, fitted without a lattice."""

from typing import Annotated, Literal

import torch
from pydantic import Field

from gaugeflow.errors import UserError
from gaugeflow.flows.base import HaarBase
from gaugeflow.flows.flow import GaugeFlow
from gaugeflow.flows.refinement import RefinementFlow, split_areas
from gaugeflow.flows.refinement_fit import fit_split
from gaugeflow.groups import Group
from gaugeflow.lattice.action import Action
from gaugeflow.montecarlo.exact_sampler import plaquette_coupling
from gaugeflow.random import draw_key
from gaugeflow.runs import Count
from gaugeflow.tasks.models.model import Log, ModelSection

__all__ = ["Refinement"]


class Refinement(ModelSection):
    """Wilson's action in two dimensions for U(1), SU(2) or SU(3), extents powers of two.

    `bins` and `hidden` make the spline of each coordinate of a loop; `samples` pairs of loops and `iterations` steps of
    Levenberg and Marquardt fit the law of each area. Its parameters serve any lattice of the same beta, so
    `training: {steps: 0}` is enough.
    """

    name: Literal["refinement"]
    bins: Annotated[int, Field(ge=2)] = 8
    hidden: list[Count] = Field([8, 8], min_length=1)
    samples: Annotated[int, Field(ge=100)] = 8000
    iterations: Annotated[int, Field(ge=0)] = 20

    def build(
        self,
        action: Action,
        group: Group | None,
        shape: tuple[int, ...],
        dtype: torch.dtype,
        device: torch.device,
        generator: torch.Generator,
    ) -> GaugeFlow:
        if group is None or group.n > 3:
            raise UserError(f"model.refinement: expected u1, su2 or su3, got {group.name if group else 'scalars'}")
        areas = split_areas(group, plaquette_coupling(action))  # type: ignore[arg-type]
        weights = torch.Generator().manual_seed(draw_key(generator) >> 1)
        layer = RefinementFlow(group, shape, areas, self.bins, self.hidden, weights, torch.float64)
        return GaugeFlow(HaarBase(group, shape, dtype), [layer.to(dtype)], action).to(device)

    def prepare(self, flow: GaugeFlow, action: Action, generator: torch.Generator, log: Log) -> None:
        """Fits every area in double precision on the CPU, from the smallest on."""
        if not self.iterations:
            return
        layer = flow.flows[0]
        beta = plaquette_coupling(action)  # type: ignore[arg-type]
        draws = torch.Generator().manual_seed(draw_key(generator) >> 1)
        for area, split in layer.splits.items():
            first = next(split.parameters())
            place = first.device, first.dtype
            split.to("cpu", torch.float64)
            fit_split(split, layer.group, beta, int(area), draws, self.samples, self.iterations, log)
            split.to(*place)
