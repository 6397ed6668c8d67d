"""Trivializing flows with the potential of a gauge-equivariant network."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field
from torch import nn

from gaugeflow.errors import UserError
from gaugeflow.flows.continuous.neural import NeuralFlow
from gaugeflow.nn import GaugeTheory, Potential
from gaugeflow.runs import Count
from gaugeflow.tasks.flow.models.model import ModelSection, Setting

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

    def layers_in(self, setting: Setting) -> list[nn.Module]:
        if setting.group is None:
            raise UserError("model neural: expected the group of links, came scalars")
        shape, rotations = setting.shape, "all" if self.rotations else "none"
        theory = GaugeTheory(setting.group.name, len(shape), setting.dtype, rotations)
        widths = {"channels": self.channels, "hidden": self.hidden}
        potential = Potential.of(theory, self.terms, generator=setting.generator, shape=shape, **widths)
        integrator = self.steps, self.integrator, self.splines, self.degree
        return [NeuralFlow(potential, self.terms, *integrator, self.chunk_size)]

    def symmetry(self, scalars: bool) -> str:
        return "gauge * translations"  # rotations up to the error of the steps
