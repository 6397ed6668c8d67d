"""Parameters from one run to another: another beta, another lattice, a checkpoint."""

from pathlib import Path
from typing import Any

from torch import Tensor

from gaugeflow import runs
from gaugeflow.errors import UserError
from gaugeflow.flows import GaugeFlow
from gaugeflow.runs.checkpoint import load_checkpoint

__all__ = ["load_parameters", "parameters_of"]

SHOWN = 3


def parameters_of(path: Path, group: str | None, key: str = "init_from") -> dict[str, Any]:
    """The parameters of the flow in the run directory at `path`, which a configuration for `group` names under `key`.

    Raises:
        UserError: no run, one of another task, a damaged checkpoint, or a flow for another group.
    """
    directory = runs.RunDirectory.open(path)
    _, state = load_checkpoint(directory.checkpoint, "flow")
    came = state["config"]["group"]
    if came != group:
        raise UserError(f"{key}: {path}: expected a flow for {group or 'scalars'}, came one for {came or 'scalars'}")
    return state["task"]["flow"]


def load_parameters(flow: GaugeFlow, parameters: dict[str, Tensor], source: object) -> None:
    """Replaces all parameters and stored buffers of `flow`.

    Raises:
        UserError: names or shapes do not fit; nothing is changed then.
    """
    own = flow.state_dict()
    wrong = [f"{name} is missing" for name in own if name not in parameters]
    wrong += [f"{name} is not known" for name in parameters if name not in own]
    wrong += [
        f"{name}: expected {tuple(own[name].shape)}, came {tuple(value.shape)}"
        for name, value in parameters.items()
        if name in own and own[name].shape != value.shape
    ]
    if wrong:
        more = f" and {len(wrong) - SHOWN} more" if len(wrong) > SHOWN else ""
        raise UserError(f"{source}: parameters of another model: {'; '.join(wrong[:SHOWN])}{more}")
    flow.load_state_dict(parameters)
