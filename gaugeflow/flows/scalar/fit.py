"""The weights of a continuous flow of scalars by linear least squares along a path of densities."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from gaugeflow.flows.galerkin import NormalEquations
from gaugeflow.flows.scalar.continuous import ScalarContinuousFlow
from gaugeflow.lattice.action import Action
from gaugeflow.lattice.spaces import SCALARS
from gaugeflow.montecarlo.hmc import HMC

__all__ = ["Bridge", "fit_scalar_flow"]

CHUNK = 512
"""Configurations whose features are held at a time."""


class Bridge(Action):
    """``(1 - s) S_0 + s S_1`` with ``s`` the attribute ``fraction``, between two actions of scalars."""

    space = SCALARS

    def __init__(self, first: Action, last: Action, fraction: float = 0.0) -> None:
        self.first, self.last, self.fraction = first, last, fraction

    def __call__(self, field: Tensor) -> Tensor:
        return (1 - self.fraction) * self.first(field) + self.fraction * self.last(field)

    def force(self, field: Tensor) -> Tensor:
        return (1 - self.fraction) * self.first.force(field) + self.fraction * self.last.force(field)


@torch.no_grad()
def fit_scalar_flow(
    flow: ScalarContinuousFlow,
    start: Action,
    target: Action,
    fields: Tensor,
    generator: torch.Generator,
    *,
    updates: int = 10,
    ridge: float = 1e-6,
    log: Callable[[dict[str, Any]], None] = lambda row: None,
) -> Tensor:
    """Sets the weights so that the flow follows ``p_t ~ exp(-(1 - t^2) S_0 - t^2 S_1)``.

    The fields are carried along the path by hybrid Monte Carlo; at every knot the weights solve the continuity
    equation in least squares, see :mod:`gaugeflow.flows.galerkin`. The path starts with zero velocity, as there the
    action changes fastest.

    Args:
        flow: its weights are overwritten.
        start: action ``S_0`` of the base.
        target: action ``S_1``.
        fields: exact samples of the base, ``(batch, *shape)``; many more than there are weights at a knot.
        generator: of the Monte Carlo.
        updates: HMC trajectories between two knots, while t goes from one to the other.
        ridge: see :meth:`NormalEquations.solve`.
        log: receives one row for each knot: ``time``, ``ridge``, and ``target`` and ``residual``, the variances under
            ``p_t`` of the rate of change of ``log p_t`` and of what the flow leaves of it.

    Returns:
        The fields at the end of the path.
    """
    bridge = Bridge(start, target)
    sampler, before = HMC(bridge, "leapfrog", length=1.0, step_size=0.1), 0.0
    for knot, time in enumerate(flow.knots):
        for k in range(updates if knot else 0):
            bridge.fraction = (before + (time - before) * (k + 1) / updates) ** 2
            fields, _ = sampler.update(fields, generator)
        equations = NormalEquations(flow.weights[knot].numel(), fields.device)
        for part in fields.split(CHUNK):
            rate = 2 * time * (target(part) - start(part))
            equations.add(flow.velocity.continuity(part, bridge.force(part)), rate)
        solution = equations.solve(ridge)
        flow.weights[knot] = solution.coefficients.view_as(flow.weights[knot]).to(flow.weights)
        log({"time": time, "ridge": ridge, "target": solution.target, "residual": solution.residual})
        before = time
    return fields
