"""The refinement flow of two-dimensional gauge theory, fitted without a lattice."""

from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import nn

from gaugeflow.errors import UserError
from gaugeflow.flows.flow import GaugeFlow
from gaugeflow.flows.refinement.fit import fit_split
from gaugeflow.flows.refinement.flow import RefinementFlow, split_areas
from gaugeflow.flows.refinement.peeling import PeelingFlow
from gaugeflow.lattice.action import Action
from gaugeflow.montecarlo.exact.sampler import plaquette_coupling
from gaugeflow.random import draw_key, stream
from gaugeflow.runs import Count
from gaugeflow.tasks.flow.models.model import Log, ModelSection, Setting

__all__ = ["Refinement"]


class Refinement(ModelSection):
    """Wilson's action in two dimensions for U(1), SU(2) or SU(3).

    The torus is cut in `halves` again and again, down to plaquettes (extents that are powers of two). Or single
    `plaquettes` are cut off, until a strip is left that closes the torus and is halved (for SU(N), where this strip is
    short). The law of each area is fitted before any gradient step, so `training: {steps: 0}` is enough. The
    parameters serve any lattice of the same beta.
    """

    name: Literal["refinement"]
    cut: Literal["halves", "plaquettes"] = "halves"
    """How the torus is cut up."""
    bins: Annotated[int, Field(ge=2)] = 8
    """Bins of each spline."""
    hidden: list[Count] = Field([8, 8], min_length=1)
    """Widths of the hidden layers of each spline's network."""
    samples: Annotated[int, Field(ge=100)] = 6000
    """Pairs of loops to which the law of each area is fitted."""
    warmup: Annotated[int, Field(ge=0)] = 0
    """Steps of Adam at the start of a fit."""
    iterations: Annotated[int, Field(ge=0)] = 20
    """Levenberg-Marquardt iterations of a fit."""

    def layers_in(self, setting: Setting) -> list[nn.Module]:
        group = setting.group
        if group is None or group.n > 3:
            raise UserError(f"model.refinement: expected u1, su2 or su3, got {group.name if group else 'scalars'}")
        areas = split_areas(group, plaquette_coupling(setting.action))  # type: ignore[arg-type]
        weights = stream("weights", draw_key(setting.generator))
        kind = RefinementFlow if self.cut == "halves" else PeelingFlow
        return [kind(group, setting.shape, areas, self.bins, self.hidden, weights).to(setting.dtype)]

    def prepare(self, flow: GaugeFlow, action: Action, generator: torch.Generator, log: Log) -> None:
        """Fits every area in double precision on the CPU, from the smallest on."""
        layer = flow.flows[0]
        beta = plaquette_coupling(action)  # type: ignore[arg-type]
        draws = stream("fit", draw_key(generator))
        for area, split in layer.laws():
            first = next(split.parameters())
            place = first.device, first.dtype
            split.to("cpu", torch.float64)
            fit_split(split, layer.group, beta, area, draws, self.samples, self.warmup, self.iterations, log)
            split.to(*place)
