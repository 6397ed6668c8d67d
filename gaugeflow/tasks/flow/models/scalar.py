"""Flows of scalar fields: checkerboard couplings, and a continuous flow fitted by least squares."""

from typing import Annotated, ClassVar, Literal

import torch
from pydantic import Field

from gaugeflow.errors import UserError
from gaugeflow.flows.bases.base import FreeFieldBase
from gaugeflow.flows.coupling.periodic_network import PeriodicNetwork
from gaugeflow.flows.flow import GaugeFlow
from gaugeflow.flows.natural import natural_gradient
from gaugeflow.flows.scalar.continuous import ScalarContinuousFlow
from gaugeflow.flows.scalar.coupling import ScalarCoupling
from gaugeflow.flows.scalar.fit import fit_scalar_flow
from gaugeflow.flows.scalar.transform import ScalarAffine, ScalarSpline, ScalarTransform
from gaugeflow.groups import Group
from gaugeflow.lattice.action import Action
from gaugeflow.lattice.phi4 import Phi4Action
from gaugeflow.lattice.spaces import SCALARS
from gaugeflow.runs import Count, Positive
from gaugeflow.tasks.flow.models.model import Log, ModelSection

__all__ = ["ScalarContinuous", "ScalarCouplings"]


class ScalarContinuous(ModelSection):
    """An ordinary differential equation from the free field of mass squared `base_m2`.

    Before any gradient step its weights are fitted to the path between the two actions, on `samples` configurations
    that `updates` trajectories of hybrid Monte Carlo carry from knot to knot; then `natural_steps` natural-gradient
    steps are made, each on as many samples. With `samples: 0` the weights start at zero.
    """

    integrated: ClassVar[bool] = True
    name: Literal["scalar_continuous"]
    base_m2: Positive
    frequencies: list[Positive] = Field([2.0, 4.0])
    radius: Annotated[int, Field(ge=0)] = 3
    knots: Annotated[int, Field(ge=2)] = 7
    steps: Count = 20
    samples: Annotated[int, Field(ge=0)] = 4000
    updates: Count = 10
    ridge: Positive = 1e-6
    natural_steps: Annotated[int, Field(ge=0)] = 4
    natural_ridge: Positive = 0.1

    def build(
        self,
        action: Action,
        group: Group | None,
        shape: tuple[int, ...],
        dtype: torch.dtype,
        device: torch.device,
        generator: torch.Generator,
    ) -> GaugeFlow:
        _check_scalars(self.name, action, group)
        layer = ScalarContinuousFlow(shape, self.frequencies, self.radius, self.knots, self.steps, dtype)
        return GaugeFlow(FreeFieldBase(shape, self.base_m2, dtype), [layer], action).to(device)

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


class ScalarCouplings(ModelSection):
    """Checkerboard couplings from the free field of mass squared `base_m2`; `bins` and `bound` are of the spline."""

    name: Literal["scalar_coupling"]
    base_m2: Positive
    layers: Count = 8
    transform: Literal["affine", "spline"] = "affine"
    hidden: list[Count] = Field([16, 16], min_length=1)
    kernel: Count = 3
    odd: bool = True
    bins: Annotated[int, Field(ge=2)] = 8
    bound: Positive = 3.0

    def build(
        self,
        action: Action,
        group: Group | None,
        shape: tuple[int, ...],
        dtype: torch.dtype,
        device: torch.device,
        generator: torch.Generator,
    ) -> GaugeFlow:
        _check_scalars(self.name, action, group)
        layers = []
        for index in range(self.layers):
            network = PeriodicNetwork(len(shape), 1, self.hidden, self.kernel, generator, dtype)
            layers.append(ScalarCoupling(shape, index % 2, network, self._transform(generator, dtype), self.odd))
        return GaugeFlow(FreeFieldBase(shape, self.base_m2, dtype), layers, action).to(device)

    def symmetry(self, scalars: bool) -> str:
        return "z2" if self.odd else ""

    def _transform(self, generator: torch.Generator, dtype: torch.dtype) -> ScalarTransform:
        width = self.hidden[-1]
        if self.transform == "affine":
            return ScalarAffine(width, generator, dtype)
        return ScalarSpline(width, self.bins, self.bound, generator, dtype)


def _check_scalars(name: str, action: Action, group: Group | None) -> None:
    if group is not None or action.space is not SCALARS:
        came = "links" if group is None else f"links of {group.name}"
        raise UserError(f"model: {name} is a flow of scalar fields, the action {type(action).__name__} has {came}")
