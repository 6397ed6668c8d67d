"""Flows of scalar fields: checkerboard couplings, and a continuous flow fitted by least squares."""

from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import nn

from gaugeflow.errors import UserError
from gaugeflow.flows.bases.base import FreeFieldBase
from gaugeflow.flows.coupling.periodic_network import PeriodicNetwork
from gaugeflow.flows.flow import GaugeFlow
from gaugeflow.flows.natural import natural_gradient
from gaugeflow.flows.scalar.continuous import ScalarContinuousFlow
from gaugeflow.flows.scalar.coupling import ScalarCoupling
from gaugeflow.flows.scalar.fit import fit_scalar_flow
from gaugeflow.flows.scalar.transform import ScalarAffine, ScalarSpline, ScalarTransform
from gaugeflow.lattice.action import Action
from gaugeflow.lattice.phi4 import Phi4Action
from gaugeflow.lattice.spaces import SCALARS
from gaugeflow.runs import Count, Positive
from gaugeflow.tasks.flow.models.integrated import IntegratedModel
from gaugeflow.tasks.flow.models.model import Log, ModelSection, Setting

__all__ = ["ScalarContinuous", "ScalarCouplings"]


class ScalarFlow(ModelSection):
    """What flows of scalar fields share: they begin with the free field of mass squared `base_m2`."""

    name: str
    base_m2: Positive
    """Mass squared of the free field at the base, in lattice units."""

    def base_in(self, setting: Setting) -> nn.Module:
        return FreeFieldBase(setting.shape, self.base_m2, setting.dtype)

    def refuse_links(self, setting: Setting) -> None:
        """Raises UserError unless the action is one of scalar fields."""
        group, action = setting.group, setting.action
        if group is not None or action.space is not SCALARS:
            kind, came = type(action).__name__, "links" if group is None else f"links of {group.name}"
            raise UserError(f"model: {self.name} is a flow of scalar fields, the action {kind} has {came}")


class ScalarContinuous(IntegratedModel, ScalarFlow):
    """An ordinary differential equation from a free field.

    Before any gradient step its weights are fitted to the path between the two actions, on configurations that hybrid
    Monte Carlo carries from knot to knot. Natural-gradient steps follow, each on as many samples.
    """

    name: Literal["scalar_continuous"]
    frequencies: list[Positive] = Field([2.0, 4.0])
    """Frequencies k of the functions sin(k phi) in the velocity."""
    radius: Annotated[int, Field(ge=0)] = 3
    """Reach of its kernels along each axis, in sites."""
    knots: Annotated[int, Field(ge=2)] = 7
    """Times between which the weights are interpolated."""
    steps: Count = 20
    """Runge-Kutta steps from base to target."""
    samples: Annotated[int, Field(ge=0)] = 4000
    """Configurations of the fit; zero leaves the weights at zero."""
    updates: Count = 10
    """Trajectories of hybrid Monte Carlo from one knot to the next."""
    ridge: Positive = 1e-6
    """Regularisation of the fit."""
    natural_steps: Annotated[int, Field(ge=0)] = 4
    """Natural-gradient steps after the fit."""
    natural_ridge: Positive = 0.1
    """Regularisation of a natural-gradient step."""

    def layers_in(self, setting: Setting) -> list[nn.Module]:
        self.refuse_links(setting)
        path = self.frequencies, self.radius, self.knots, self.steps
        return [ScalarContinuousFlow(setting.shape, *path, setting.dtype, self.extrapolated)]

    def symmetry(self, scalars: bool) -> str:
        return "translations * hypercubic * z2"

    def prepare(self, flow: GaugeFlow, action: Action, generator: torch.Generator, log: Log) -> None:
        if not self.samples:
            return
        start, layer = Phi4Action(self.base_m2, 0.0), flow.flows[0]
        fields, _ = flow.q0(self.samples, generator)
        fit_scalar_flow(layer, start, action, fields, generator, updates=self.updates, ridge=self.ridge, log=log)
        natural_gradient(
            flow,
            generator,
            steps=self.natural_steps,
            samples=self.samples,
            ridge=self.natural_ridge,
            log=lambda row: log({"time": 1.0, **row}),
        )


class ScalarCouplings(ScalarFlow):
    """Checkerboard couplings from a free field."""

    name: Literal["scalar_coupling"]
    layers: Count = 8
    """Layers, on even and odd sites in turn."""
    transform: Literal["affine", "spline"] = "affine"
    """The map of a site: affine, or a spline."""
    hidden: list[Count] = Field([16, 16], min_length=1)
    """Widths of the hidden layers of each network."""
    kernel: Count = 3
    """Extent of its convolutions, in sites."""
    odd: bool = True
    """Whether every layer commutes with phi -> -phi."""
    bins: Annotated[int, Field(ge=2)] = 8
    """Bins of the spline."""
    bound: Positive = 3.0
    """The spline maps [-bound, bound] to itself."""

    def layers_in(self, setting: Setting) -> list[nn.Module]:
        self.refuse_links(setting)
        return [self._layer(index % 2, setting) for index in range(self.layers)]

    def symmetry(self, scalars: bool) -> str:
        return "z2" if self.odd else ""

    def _layer(self, parity: int, setting: Setting) -> ScalarCoupling:
        shape, random = setting.shape, (setting.generator, setting.dtype)
        network = PeriodicNetwork(len(shape), 1, self.hidden, self.kernel, *random)
        return ScalarCoupling(shape, parity, network, self._transform(*random), self.odd)

    def _transform(self, generator: torch.Generator, dtype: torch.dtype) -> ScalarTransform:
        width = self.hidden[-1]
        if self.transform == "affine":
            return ScalarAffine(width, generator, dtype)
        return ScalarSpline(width, self.bins, self.bound, generator, dtype)
