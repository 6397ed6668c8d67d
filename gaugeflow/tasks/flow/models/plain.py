"""Models without an architecture of the package: no layers at all, or an object of the user's."""

from typing import Any, Literal

import torch
from pydantic import Field
from torch import nn

from gaugeflow.errors import UserError
from gaugeflow.flows.bases.base import GaussianBase
from gaugeflow.flows.bases.heat_kernel import HeatKernelBase
from gaugeflow.flows.flow import GaugeFlow
from gaugeflow.lattice.action import Action
from gaugeflow.runs import Positive
from gaugeflow.tasks.flow.models.model import Log, ModelSection, Setting
from gaugeflow.tasks.objects import load

__all__ = ["Identity", "Python"]


class Identity(ModelSection):
    """No layers, a baseline: a unit Gaussian, Haar links or, with a `time`, the heat kernel of plaquettes (2D U(1))."""

    name: Literal["identity"]
    time: Positive | None = None
    """Diffusion time of the heat kernel; none for Haar links or unit Gaussians."""

    def layers_in(self, setting: Setting) -> list[nn.Module]:
        return []

    def base_in(self, setting: Setting) -> nn.Module:
        group, shape, dtype = setting.group, setting.shape, setting.dtype
        if self.time is None:
            return GaussianBase(shape, dtype) if group is None else super().base_in(setting)
        if group is None or group.name != "u1":
            raise UserError(f"model: expected the group u1 for a heat kernel, got {group.name if group else 'scalars'}")
        return HeatKernelBase(shape, self.time, dtype)

    def symmetry(self, scalars: bool) -> str:
        if scalars:
            return "translations * hypercubic * z2"
        return "" if self.time is None else "gauge * translations * hypercubic * charge"  # Haar links: density 1


class Python(ModelSection):
    """A flow of your own, made by a function.

    The function takes what a `Setting` holds, one by one in its order, and returns a `GaugeFlow`.
    """

    name: Literal["python"]
    object: str
    """The function, as `package.module:function`."""
    options: dict[str, Any] = Field(default_factory=dict)
    """Keyword arguments of the function."""
    fit: str | None = None
    """A function that takes what `ModelSection.prepare` does."""
    invariant_under: str = ""
    """Groups under which `gaugeflow check` tests the density, as in `gauge * translations`."""

    def build(self, setting: Setting) -> GaugeFlow:
        function = load(self.object, "model")
        if not callable(function) or isinstance(function, type):
            raise UserError(f"model: {self.object}: expected a function that makes a flow, got {function!r:.80}")
        flow = function(*setting, **self.options)
        if not isinstance(flow, GaugeFlow):
            raise UserError(f"model: {self.object}: expected it to return a GaugeFlow, got {type(flow).__name__}")
        return flow

    def symmetry(self, scalars: bool) -> str:
        return self.invariant_under

    def prepare(self, flow: GaugeFlow, action: Action, generator: torch.Generator, log: Log) -> None:
        if self.fit is not None:
            load(self.fit, "model.fit")(flow, action, generator, log)
