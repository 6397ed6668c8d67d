"""Models without an architecture of the package: no layers at all, or an object of the user's."""

from typing import Any, Literal

import torch
from pydantic import Field

from gaugeflow.errors import UserError
from gaugeflow.flows.bases.base import Base, GaussianBase, HaarBase
from gaugeflow.flows.bases.heat_kernel import HeatKernelBase
from gaugeflow.flows.flow import GaugeFlow
from gaugeflow.groups import Group
from gaugeflow.lattice.action import Action
from gaugeflow.runs import Positive
from gaugeflow.tasks.flow.models.model import Log, ModelSection
from gaugeflow.tasks.objects import load

__all__ = ["Identity", "Python"]


class Identity(ModelSection):
    """No layers, a baseline: a unit Gaussian, Haar links or, with a `time`, the heat kernel of plaquettes (2D U(1))."""

    name: Literal["identity"]
    time: Positive | None = None

    def build(
        self,
        action: Action,
        group: Group | None,
        shape: tuple[int, ...],
        dtype: torch.dtype,
        device: torch.device,
        generator: torch.Generator,
    ) -> GaugeFlow:
        return GaugeFlow(self._base(group, shape, dtype), [], action).to(device)

    def symmetry(self, scalars: bool) -> str:
        if scalars:
            return "translations * hypercubic * z2"
        return "" if self.time is None else "gauge * translations * hypercubic * charge"  # Haar links: density 1

    def _base(self, group: Group | None, shape: tuple[int, ...], dtype: torch.dtype) -> Base:
        if self.time is None:
            return GaussianBase(shape, dtype) if group is None else HaarBase(group, shape, dtype)
        if group is None or group.name != "u1":
            raise UserError(f"model: expected the group u1 for a heat kernel, got {group.name if group else 'scalars'}")
        return HeatKernelBase(shape, self.time, dtype)


class Python(ModelSection):
    """A flow of your own: `object: package.module:function` takes what `build` does, and `options` as keywords.

    `fit: package.module:function` takes what `prepare` does. `invariant_under` is what `gaugeflow check` verifies.
    """

    name: Literal["python"]
    object: str
    options: dict[str, Any] = Field(default_factory=dict)
    fit: str | None = None
    invariant_under: str = ""

    def build(
        self,
        action: Action,
        group: Group | None,
        shape: tuple[int, ...],
        dtype: torch.dtype,
        device: torch.device,
        generator: torch.Generator,
    ) -> GaugeFlow:
        function = load(self.object, "model")
        if not callable(function) or isinstance(function, type):
            raise UserError(f"model: {self.object}: expected a function that makes a flow, got {function!r:.80}")
        flow = function(action, group, shape, dtype, device, generator, **self.options)
        if not isinstance(flow, GaugeFlow):
            raise UserError(f"model: {self.object}: expected it to return a GaugeFlow, got {type(flow).__name__}")
        return flow

    def symmetry(self, scalars: bool) -> str:
        return self.invariant_under

    def prepare(self, flow: GaugeFlow, action: Action, generator: torch.Generator, log: Log) -> None:
        if self.fit is not None:
            load(self.fit, "model.fit")(flow, action, generator, log)
