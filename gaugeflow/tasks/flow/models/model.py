"""What the `model` section of a configuration offers, whatever the architecture."""

from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple

import torch
from torch import nn

from gaugeflow.flows.bases.base import HaarBase
from gaugeflow.flows.flow import GaugeFlow
from gaugeflow.groups import Group
from gaugeflow.lattice.action import Action
from gaugeflow.runs import Section

__all__ = ["Log", "ModelSection", "Setting"]

Log = Callable[[dict[str, Any]], None]
"""Records a row of numbers; every row has the same keys."""


class Setting(NamedTuple):
    """What a flow is made for.

    Attributes:
        action: the target's.
        group: None for scalars.
        shape: extents.
        dtype: real dtype of the fields.
        device: where the flow lives.
        generator: source of the first parameters, which are random numbers of it alone.
    """

    action: Action
    group: Group | None
    shape: tuple[int, ...]
    dtype: torch.dtype
    device: torch.device
    generator: torch.Generator


class ModelSection(Section):
    """An architecture with its hyper-parameters.

    To add one: a file in this folder with a subclass that has `name: Literal["..."]`, its keys and `layers_in`, for
    another base than Haar measure also `base_in`, and its place in `ModelConfig`.
    """

    integrated: ClassVar[bool] = False
    """Whether a layer integrates an equation in finite steps: it inverts, and has its log-determinant, up to an error
    that falls with the steps. That is for the report to show, and not for `gaugeflow check`, which asks for rounding.
    Such a section is an `IntegratedModel`."""

    def build(self, setting: Setting) -> GaugeFlow:
        """The flow with its first parameters.

        Called again with other extents where the report asks for other volumes, and the parameters are then loaded
        from the trained flow.

        Raises:
            UserError: a group or lattice that the architecture does not serve.
        """
        layers = self.layers_in(setting)
        return GaugeFlow(self.base_in(setting), layers, setting.action).to(setting.device)

    def layers_in(self, setting: Setting) -> list[nn.Module]:
        """The layers from the base to the target. Raises UserError as `build`."""
        raise NotImplementedError

    def base_in(self, setting: Setting) -> nn.Module:
        """The distribution where the layers begin."""
        assert setting.group is not None  # the layers have refused scalars
        return HaarBase(setting.group, setting.shape, setting.dtype)

    @property
    def bounded(self) -> bool:
        """Whether steps are to be halved until their error is a small part of the statistical one."""
        return False

    def symmetry(self, scalars: bool) -> str:
        """Under what the density of every flow of this architecture is invariant, for `gaugeflow check`.

        A product of names of `gaugeflow.symmetry`, such as `gauge * translations`; empty for nothing.
        """
        return "" if scalars else "gauge"

    @property
    def fitted(self) -> bool:
        """Whether `prepare` does anything before the first gradient step."""
        return type(self).prepare is not ModelSection.prepare

    def prepare(self, flow: GaugeFlow, action: Action, generator: torch.Generator, log: Log) -> None:
        """A fitting stage of the architecture's own before any gradient step; by default none.

        Changes the parameters of `flow` in place (`torch.no_grad()`), draws from the generator alone, and may record
        its progress with `log`. It runs once, at the start of a run that begins from nothing, never on resume and
        not after `init_from`; with several ranks every rank does the same.
        """
