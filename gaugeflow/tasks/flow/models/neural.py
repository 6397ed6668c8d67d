"""Trivializing flows with the potential of a gauge-equivariant network."""

from typing import Annotated, Literal

from pydantic import Field
from torch import nn

from gaugeflow.errors import UserError
from gaugeflow.flows.continuous.neural import NeuralFlow
from gaugeflow.nn import GaugeTheory, Potential
from gaugeflow.runs import Count
from gaugeflow.tasks.flow.models.integrated import IntegratedModel
from gaugeflow.tasks.flow.models.model import Setting

__all__ = ["Neural"]


class Neural(IntegratedModel):
    """A flow from Haar measure along the gradient of a learned potential, with its exact Laplacian.

    The potential is a sum of features that a gauge-equivariant network makes of plaquettes. Each feature has a
    coefficient that depends on the flow time. The Laplacian takes one derivative for each direction of each link, so
    the model is for small lattices.
    """

    name: Literal["neural"]
    terms: Count = 2
    """Features whose weighted sum is the potential."""
    channels: list[Count] = Field(default_factory=lambda: [4])
    """Channels of each layer of transports and products."""
    hidden: list[Count] = Field(default_factory=lambda: [8])
    """Widths of the readout's hidden layers."""
    rotations: bool = True
    """Whether the network commutes with lattice rotations and reflections."""
    steps: Count = 4
    """Steps of the integrator from base to target."""
    integrator: Literal["cg2", "cg3", "rkmk4", "rkmk8"] = "cg2"
    """`cg2` and `cg3` have order 2 and 3, `rkmk4` and `rkmk8` have order 4 and 8."""
    splines: Count = 2
    """B-splines in flow time for each coefficient."""
    degree: Annotated[int, Field(ge=0, le=5)] = 3
    """Degree of the splines."""
    chunk_size: Count = 64
    """Derivatives of the Laplacian that are taken at a time."""

    def layers_in(self, setting: Setting) -> list[nn.Module]:
        if setting.group is None:
            raise UserError("model neural: expected the group of links, came scalars")
        shape, rotations = setting.shape, "all" if self.rotations else "none"
        theory = GaugeTheory(setting.group.name, len(shape), setting.dtype, rotations)
        widths = {"channels": self.channels, "hidden": self.hidden}
        potential = Potential.of(theory, self.terms, generator=setting.generator, shape=shape, **widths)
        integrator = self.steps, self.integrator, self.splines, self.degree
        return [NeuralFlow(potential, self.terms, *integrator, self.chunk_size, self.extrapolated)]

    def symmetry(self, scalars: bool) -> str:
        return "gauge * translations"  # rotations up to the error of the steps
