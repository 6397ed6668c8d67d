"""Trivializing flows with the potential of a gauge-equivariant network."""

from typing import Annotated, ClassVar, Literal

import torch
from pydantic import Field

from gaugeflow.errors import UserError
from gaugeflow.flows.bases.base import HaarBase
from gaugeflow.flows.continuous.neural import NeuralFlow
from gaugeflow.flows.flow import GaugeFlow
from gaugeflow.groups import Group
from gaugeflow.lattice.action import Action
from gaugeflow.nn import GaugeTheory, Potential
from gaugeflow.runs import Count
from gaugeflow.tasks.flow.models.model import ModelSection

__all__ = ["Neural"]


class Neural(ModelSection):
    """A flow from Haar measure along the gradient of a learned potential, with its exact Laplacian.

    The potential is made of `terms` features of a network of plaquettes: a layer of transports and products with so
    many channels for each entry of `channels`, then a readout with layers of the widths in `hidden`. Each feature has
    a coefficient made of `splines` B-splines of a `degree` in time. `rotations` makes the network equivariant under
    rotations and reflections too. The Laplacian takes one derivative for each direction of each link, `chunk_size` at
    a time: for small lattices.
    """

    integrated: ClassVar[bool] = True
    name: Literal["neural"]
    terms: Count = 2
    channels: list[Count] = Field(default_factory=lambda: [4])
    hidden: list[Count] = Field(default_factory=lambda: [8])
    rotations: bool = True
    steps: Count = 4
    integrator: Literal["cg2", "cg3", "rkmk4"] = "cg2"
    splines: Count = 2
    degree: Annotated[int, Field(ge=0, le=5)] = 3
    chunk_size: Count = 64

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
            raise UserError("model neural: expected the group of links, came scalars")
        theory = GaugeTheory(group.name, len(shape), dtype, "all" if self.rotations else "none")
        potential = Potential.of(
            theory, self.terms, generator=generator, channels=self.channels, hidden=self.hidden, shape=shape
        )
        layer = NeuralFlow(
            potential, self.terms, self.steps, self.integrator, self.splines, self.degree, self.chunk_size
        )
        return GaugeFlow(HaarBase(group, shape, dtype), [layer], action).to(device)

    def symmetry(self, scalars: bool) -> str:
        return "gauge * translations"  # rotations up to the error of the steps
