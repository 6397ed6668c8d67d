"""Models without an architecture of the package: no layers at all, or an object of the user's."""

from typing import Any, Literal

import torch
from pydantic import Field

from gaugeflow.errors import UserError
from gaugeflow.flows.base import GaussianBase, HaarBase
from gaugeflow.flows.flow import GaugeFlow
from gaugeflow.groups import Group
from gaugeflow.lattice.action import Action
from gaugeflow.tasks.models.model import Log, ModelSection
from gaugeflow.tasks.objects import load

__all__ = ["Identity", "Python"]


class Identity(ModelSection):
    """No layers: the Haar measure or a unit Gaussian itself, a baseline."""

    name: Literal["identity"]

    def build(
        self,
        action: Action,
        group: Group | None,
        shape: tuple[int, ...],
        dtype: torch.dtype,
        device: torch.device,
        generator: torch.Generator,
    ) -> GaugeFlow:
        base = GaussianBase(shape, dtype) if group is None else HaarBase(group, shape, dtype)
        return GaugeFlow(base, [], action).to(device)

    def symmetry(self, scalars: bool) -> str:
        return "translations * hypercubic * z2" if scalars else ""  # the density is 1


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
