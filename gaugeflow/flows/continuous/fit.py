"""Fitting a trivializing flow without gradient descent: linear least squares, then Gauss-Newton.

Along ``p_t ~ exp(-t S)`` the flow is exact where ``S - <S>_t = sum_k c_k (-Lap Phi_k + t grad S . grad Phi_k)``
(arXiv:0907.5491, eq. (3.4)), which is linear in the coefficients: they minimise the variance of the difference over
samples of ``p_t``. The flow that results need not keep to this path of densities, only its end counts. So the variance
of ``log w = -S(x) + log|det J|`` over samples of the flow is minimised next: the adjoint gives its derivatives for
each sample, and a regularised Gauss-Newton step is again linear least squares. ``ESS ~ exp(-var log w)``.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.flows.continuous.flow import ContinuousFlow, pull_back, transport
from gaugeflow.flows.galerkin import NormalEquations, Solution
from gaugeflow.groups import Group
from gaugeflow.kernels.numba.threads import threads_for_kernels
from gaugeflow.lattice.action import Action
from gaugeflow.lattice.fields import hot_start
from gaugeflow.lattice.loop_action import LoopAction, is_loop_sum
from gaugeflow.montecarlo import HeatBath

__all__ = ["GaussNewton", "fit_along_path"]


@threads_for_kernels()
def fit_along_path(
    flow: ContinuousFlow,
    action: Action,
    shape: tuple[int, ...],
    generator: torch.Generator,
    times: int = 9,
    samples: int = 256,
    sweeps: int = 10,
    ridge: float = 1e-7,
) -> Solution:
    """Sets the coefficients of a flow by least squares along ``exp(-t S)``; the solution tells how well they do.

    Args:
        flow: changed in place.
        action: the target's.
        shape: extents of the lattice for the samples; the coefficients serve any other.
        generator: for the heat bath.
        times: how many t in [0, 1].
        samples: configurations at each t, each a chain that goes on from the t before.
        sweeps: heat-bath sweeps, each with one of overrelaxation, at each t.
        ridge: see :class:`NormalEquations`.

    Raises:
        UserError: an action that is no sum of loops, for want of a heat bath.
    """
    if not is_loop_sum(action):
        raise UserError(f"least squares along exp(-t S): expected a sum of loops, got {type(action).__name__}")
    equations = NormalEquations(flow.coefficients.numel(), flow.coefficients.device)
    for t, links in _annealed(flow.group, action, shape, generator, times, samples, sweeps, flow.coefficients.dtype):
        system = flow.system(links)
        kernels = system.kernels
        force = kernels.pack_momenta(action.force(links))
        values, along = system.polynomials.directional(kernels.pack(links), force)
        rows = t * along[:, : system.basis.size] - values @ system.basis.laplacian.T.to(values)
        features = (flow.spline(t).to(rows)[:, None] * rows[:, None]).flatten(1)
        target = action(links).double()
        equations.add(features - features.mean(0), target - target.mean())
    solution = equations.solve(ridge)
    with torch.no_grad():
        flow.coefficients.copy_(solution.coefficients.view_as(flow.coefficients))
    return solution


def _annealed(
    group: Group,
    action: LoopAction,
    shape: tuple[int, ...],
    generator: torch.Generator,
    times: int,
    samples: int,
    sweeps: int,
    dtype: torch.dtype,
) -> Iterator[tuple[float, Tensor]]:
    links = hot_start(group, shape, generator, samples, dtype)
    for k in range(times):
        t = k / (times - 1)
        if t:
            sampler = HeatBath(action.scaled(t), overrelaxation=1)
            for _ in range(sweeps):
                links, _ = sampler.update(links, generator)
        yield t, links


@dataclass
class GaussNewton:
    """Steps that lower the variance of ``log w`` over samples of the flow.

    With ``J`` the derivatives of ``log w`` with respect to the coefficients, one row for each sample, both centred,
    the step solves ``min |log w + J d|^2 / n + damping |D d|^2`` with D the deviations of the columns of J.

    Args:
        samples: fresh samples of the flow for each step; several times the number of coefficients.
        damping: regularisation in units of the scaled normal matrix.
    """

    samples: int = 1024
    damping: float = 1e-4

    def step(
        self, flow: ContinuousFlow, action: Action, shape: tuple[int, ...], generator: torch.Generator
    ) -> dict[str, float]:
        """One step in place. Returns ``variance`` and ``ess`` of ``log w`` before it, over its own samples."""
        equations = NormalEquations(flow.coefficients.numel(), flow.coefficients.device)
        weights = []
        dtype = flow.coefficients.dtype
        for start in range(0, self.samples, flow.chunk_size):
            z = hot_start(flow.group, shape, generator, min(flow.chunk_size, self.samples - start), dtype)
            log_w, rows = log_weight_and_slopes(flow, action, z)
            equations.add(rows.flatten(1), -log_w)
            weights.append(log_w)
        solution = equations.solve(self.damping)
        with torch.no_grad():
            flow.coefficients.add_(solution.coefficients.view_as(flow.coefficients))
        log_w = torch.cat(weights)
        ess = float(torch.exp(2 * log_w.logsumexp(0) - (2 * log_w).logsumexp(0)) / len(log_w))
        return {"variance": float(log_w.var()), "ess": ess}


@threads_for_kernels()
def log_weight_and_slopes(flow: ContinuousFlow, action: Action, z: Tensor) -> tuple[Tensor, Tensor]:
    """``log w`` of the images of Haar-distributed links, and its derivatives ``(batch, splines, functions)``."""
    times = flow.times()
    x, log_det = transport(flow, z, times)
    log_w = log_det - action(x)
    _, rows = pull_back(flow, x, -action.force(x), torch.ones_like(log_det), times[::-1])
    return log_w, rows
