"""Natural-gradient training of flows with few parameters: every step is a linear least-squares problem.

To first order in a change ``d`` of the parameters, ``log w(x) = -S(x) - log q(x)`` becomes ``log w(x) - d . s(x)`` with
the scores ``s = d log q(x) / d theta``. The ``d`` that leaves the least variance of it over samples of q is the natural
gradient of the Kullback-Leibler distance, as the covariance of the scores is Fisher's information; Amari, Neural
Computation 10 (1998) 251. A ridge keeps the step where the first order holds.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from gaugeflow.flows.flow import GaugeFlow
from gaugeflow.flows.galerkin import NormalEquations
from gaugeflow.flows.losses import LogDensity

__all__ = ["natural_gradient", "scores"]

CHUNK = 128
"""Samples whose scores are held at a time."""


def scores(flow: GaugeFlow, x: Tensor) -> Tensor:
    """``d log q(x) / d theta`` of each sample, ``(batch, parameters)``, if the flow works under ``torch.func.vmap``."""
    density = LogDensity(flow)
    parameters = {name: p.detach() for name, p in density.named_parameters() if p.requires_grad}

    def log_q(parameters: dict[str, Tensor], one: Tensor) -> Tensor:
        return torch.func.functional_call(density, parameters, (one[None],))[0]

    each = torch.func.vmap(torch.func.grad(log_q), in_dims=(None, 0))(parameters, x)
    return torch.cat([each[name].flatten(1) for name in parameters], 1)


@torch.no_grad()
def natural_gradient(
    flow: GaugeFlow,
    generator: torch.Generator,
    *,
    steps: int,
    samples: int,
    ridge: float = 0.1,
    log: Callable[[dict[str, Any]], None] = lambda row: None,
) -> None:
    """Trains the parameters of ``flow`` in place by ``steps`` natural-gradient steps.

    Each step tries the ridge, ten times and a hundred times as much, and takes what leaves the least variance of log w
    over new samples, or stays where it is if none does better.

    Args:
        flow: with an action, and with many fewer parameters than ``samples``.
        generator: source of all samples.
        steps: how many; two or three times as many samples are drawn for each as ``samples``.
        samples: from which the scores are taken.
        ridge: see :meth:`NormalEquations.solve`; a larger one keeps a continuous flow smoother.
        log: receives one row for each step: ``ridge``, and ``target`` and ``residual``, the variances of log w before
            and after it.
    """
    parameters = [p for p in flow.parameters() if p.requires_grad]
    for _ in range(steps):
        equations = NormalEquations(sum(p.numel() for p in parameters), parameters[0].device)
        for first in range(0, samples, CHUNK):
            x, log_q = flow.sample(min(CHUNK, samples - first), generator)
            equations.add(scores(flow, x), flow.log_weight(x, log_q))
        here = parameters_to_vector(parameters)
        places = {r: here + equations.solve(r).coefficients.to(here) for r in (ridge, 10 * ridge, 100 * ridge)}
        z, log_q = flow.q0(samples, generator)
        left = {0.0: _variance(flow, z, log_q)}
        for r, there in places.items():
            vector_to_parameters(there, parameters)
            left[r] = _variance(flow, z, log_q)
        best = min(left, key=lambda r: left[r])
        vector_to_parameters(places.get(best, here), parameters)
        log({"ridge": best, "target": left[0.0], "residual": left[best]})


def _variance(flow: GaugeFlow, z: Tensor, log_q: Tensor) -> float:
    """Of log w over samples of the base; infinite where it is not a number."""
    x, log_det = flow.forward_and_log_det(z)
    found = float(flow.log_weight(x, log_q - log_det).var())
    return found if found == found else float("inf")
