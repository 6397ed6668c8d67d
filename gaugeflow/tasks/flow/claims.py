"""What `gaugeflow check` verifies of a flow."""

from copy import deepcopy

import torch

from gaugeflow.errors import UserError
from gaugeflow.flows import GaugeFlow
from gaugeflow.groups import get_group
from gaugeflow.lattice.action import Action
from gaugeflow.lattice.fields import hot_start
from gaugeflow.symmetry.actions.fields import Links, SiteScalars
from gaugeflow.symmetry.actions.scalars import Scalars
from gaugeflow.symmetry.claims import Bijection, Claim, Equivariance
from gaugeflow.tasks.flow.config import FlowConfig
from gaugeflow.tasks.flow.model import build_flow, symmetry_of

__all__ = ["disturbed", "flow_claims"]

FIELDS = 4
"""Of a Jacobian, at once: its backward passes are as many for one field."""
COORDINATES = 600
"""A Jacobian of more takes one backward pass for each."""


def flow_claims(config: FlowConfig, flow: GaugeFlow, action: Action) -> list[Claim]:
    """The density is invariant under what the model says, and the flow is a bijection with its log-determinant.

    A model that integrates an equation is no bijection to rounding, and nothing is claimed of its Jacobian; nor of an
    averaged density, which has no map of its own.
    The Jacobian is taken on the smallest lattice of equal extents that the model serves with these parameters, if it
    has few enough coordinates for that.
    """
    name = f"{config.model.name} flow"
    symmetry = symmetry_of(config)
    x = _example(config, config.shape)
    claims: list[Claim] = (
        [Equivariance(flow.log_prob, x, f"log q of the {name}", symmetry, Scalars)] if symmetry else []
    )
    nothing = config.model.integrated or config.model.name == "symmetrized"
    for extent in () if nothing else (2, 3, 4, *sorted(set(config.shape))):
        shape = [extent] * len(config.shape)
        small = _resized(config, flow, action, shape)
        example = _example(config, shape, FIELDS)
        if small is not None:
            if _coordinates(config, shape) <= COORDINATES:
                claims.append(Bijection(small.forward_and_log_det, example, name, small.inverse_and_log_det))
            break
    return claims


def disturbed(flow: GaugeFlow, generator: torch.Generator) -> GaugeFlow:
    """A copy with other parameters: a new flow often does nothing, and a density that is constant shows nothing."""
    copy = deepcopy(flow)
    with torch.no_grad():
        for parameter in copy.parameters():
            parameter += 0.1 * torch.randn(
                parameter.shape, generator=generator, dtype=parameter.dtype, device=parameter.device
            )
    return copy


def _example(config: FlowConfig, shape: list[int], batch: int = 1) -> Links | SiteScalars:
    generator = torch.Generator(config.device).manual_seed(5)
    if config.group is None:
        field = torch.randn((batch, *shape), generator=generator, dtype=torch.float64, device=generator.device)
        return SiteScalars(field, channels=0)
    return Links(hot_start(get_group(config.group), shape, generator, batch))


def _coordinates(config: FlowConfig, shape: list[int]) -> int:
    volume = int(torch.Size(shape).numel())
    return volume if config.group is None else volume * len(shape) * get_group(config.group).dim


def _resized(config: FlowConfig, flow: GaugeFlow, action: Action, shape: list[int]) -> GaugeFlow | None:
    """The same flow on another lattice; None where the model does not serve it."""
    generator = torch.Generator(config.device).manual_seed(0)
    try:
        other = build_flow(config, action, tuple(shape), torch.float64, generator)
        other.load_state_dict(flow.state_dict())
    except (UserError, RuntimeError):
        return None
    return other
