"""The flow that a configuration describes: the layers of its model on the model's base or on another."""

import torch

from gaugeflow.flows import GaugeFlow
from gaugeflow.groups import get_group
from gaugeflow.lattice.action import Action
from gaugeflow.tasks.flow.config import FlowConfig
from gaugeflow.tasks.flow.models import Setting
from gaugeflow.tasks.flow.symmetrized import SymmetrizedRun

__all__ = ["build_flow", "symmetry_of"]


def build_flow(
    config: FlowConfig,
    action: Action,
    shape: tuple[int, ...],
    dtype: torch.dtype,
    generator: torch.Generator,
) -> GaugeFlow:
    """On a lattice of this shape, with its first parameters.

    Raises:
        UserError: a lattice or group that the model or the base does not serve.
    """
    group = None if config.group is None else get_group(config.group)
    setting = Setting(action, group, shape, dtype, torch.device(config.device), generator)
    flow = config.model.build(setting)
    if config.base is None:
        return flow
    steps = [] if config.stochastic is None else config.stochastic.layers(shape, action, config.equilibrium)
    return GaugeFlow(config.base.build(setting), [*flow.flows, *steps], action).to(setting.device)


def symmetry_of(config: FlowConfig) -> str:
    """Under what the density is invariant: layers and base."""
    if isinstance(config.model, SymmetrizedRun):
        return config.model.symmetry_on(config.group, config.shape)
    symmetry = config.model.symmetry(config.group is None)
    if config.base is None:
        return symmetry
    of_base = config.base.symmetry.split(" * ")
    return " * ".join(name for name in symmetry.split(" * ") if name in of_base)
