"""Fits the conditional laws of a refinement flow by least squares, without a lattice.

The law is known and normalised, ``log p = log w_A(R) + log w_A(L) - log w_2A(M)`` with M = R L, so the weighted mean of
``(log p - log q)^2`` has its least value 0 where q = p, and no sample noise there. Pairs (R, L) are drawn from w_A and,
so that the tails are held too, from the same at weaker couplings; the few parameters are found by the method of
Levenberg and Marquardt (J. SIAM 11 (1963) 431).
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from gaugeflow.flows.refinement.split import SplitFlow
from gaugeflow.groups import Group
from gaugeflow.lattice.refinement.weight import AreaWeight
from gaugeflow.montecarlo.exact.class_law import ClassLaw

__all__ = ["SplitData", "fit_split", "split_data"]

MIXTURE = ((1.0, 0.5), (0.4, 0.3), (0.1, 0.2))
"""Couplings of the sample in units of beta, and their shares."""
TAIL = 0.02
"""Weight of those pairs that p itself would hardly ever draw, which decide whether a weight can be large."""
CHUNK = 2000
RATE, BATCH = 1e-2, 512


class SplitData(NamedTuple):
    """Pairs of L and M: coordinates, invariants of M, log p, and the weights of the squares, which add up to 1."""

    coordinates: Tensor
    context: Tensor
    log_p: Tensor
    weights: Tensor


def split_data(
    split: SplitFlow,
    group: Group,
    beta: float,
    area: int,
    count: int,
    generator: torch.Generator,
    mixture: tuple[tuple[float, float], ...] = MIXTURE,
) -> SplitData:
    """About `count` pairs from the mixture of couplings, weighted with p over the mixture.

    Where the law is one of L alone, ``p = w_A(L)``, M is an R that L knows nothing of.
    """
    weight, whole = AreaWeight(group, beta, area), AreaWeight(group, beta, 2 * area)
    drawn, others = [], []
    for factor, share in mixture:
        other = AreaWeight(group, factor * beta, area)
        law, size = ClassLaw(group, other.of_trace), round(count * share)
        drawn.append((law.draw(size, generator), law.draw(size, generator)))
        others.append((share, other))
    right, left = (torch.cat(part) for part in zip(*drawn, strict=True))
    loops = (left,) if split.centred else (right, left)
    m = right if split.centred else group.mul(right, left)
    frame, context = split.frame(m)
    log_joint = torch.stack([weight.log(loop) for loop in loops]).sum(0)
    density = [
        share * torch.exp(torch.stack([other.log(loop) for loop in loops]).sum(0) - log_joint)
        for share, other in others
    ]
    weights = 1 / torch.stack(density).sum(0) + (TAIL if len(mixture) > 1 else 0.0)
    log_p = log_joint if split.centred else log_joint - whole.log(m)
    return SplitData(split.chart.read(left, frame)[0], context, log_p, weights / weights.sum())


def fit_split(
    split: SplitFlow,
    group: Group,
    beta: float,
    area: int,
    generator: torch.Generator,
    samples: int,
    warmup: int,
    iterations: int,
    log: Callable[[dict[str, Any]], None],
) -> None:
    """Changes the parameters of `split`, which has been made for double precision, in place.

    Args:
        samples: pairs in the fit; they are drawn anew when half the iterations are done.
        warmup: steps of Adam on batches of 512 pairs, which lead to where second order converges.
        iterations: steps of Levenberg and Marquardt.
        log: takes a row for every step of the latter: area (0 for a law of L alone), step, the weighted mean square of
            log p - log q, and the damping.
    """
    split.widen(split_data(split, group, beta, area, samples, generator, ((1.0, 1.0),)).coordinates)
    if warmup:
        _warm_up(split, split_data(split, group, beta, area, 4 * samples, generator), warmup, generator)
    damping, data = 1e-3 if warmup else 1.0, split_data(split, group, beta, area, samples, generator)
    for step in range(iterations):
        if step == iterations // 2:
            data = split_data(split, group, beta, area, samples, generator)
        loss, damping = _descend(split, data, damping)
        log({"area": 0 if split.centred else area, "step": step, "mean_square": loss, "damping": damping})


def _warm_up(split: SplitFlow, data: SplitData, steps: int, generator: torch.Generator) -> None:
    """Adam at a rate that falls as half a cosine."""
    optimizer = torch.optim.Adam(split.parameters(), lr=RATE, betas=(0.9, 0.98))
    for step in range(steps):
        optimizer.param_groups[0]["lr"] = RATE * min((step + 1) / 20, (1.02 + math.cos(math.pi * step / steps)) / 2)
        rows = torch.randint(len(data.log_p), (BATCH,), generator=generator)
        part = SplitData(*(column[rows] for column in data))
        residual = part.log_p - split.log_density(part.coordinates, part.context)
        optimizer.zero_grad()
        (part.weights * len(data.log_p) * residual**2).mean().backward()
        optimizer.step()


@torch.no_grad()
def _descend(split: SplitFlow, data: SplitData, damping: float) -> tuple[float, float]:
    """One step that lowers the mean square, or none; its value and the next damping.

    Every network solves its own equations: the derivatives of the conditional log-densities of different coordinates
    are uncorrelated under q, so that the curvature has no other blocks where q = p.
    """
    before, gradients, curvatures = _normal_equations(split, data)
    starts = [parameters_to_vector(network.parameters()) for network in split.networks]
    for _ in range(10):
        for network, start, gradient, curvature in zip(split.networks, starts, gradients, curvatures, strict=True):
            diagonal = curvature.diagonal()
            damped = curvature + torch.diag(damping * (diagonal + 1e-7 * diagonal.mean()))
            step = torch.cholesky_solve(gradient[:, None], torch.linalg.cholesky_ex(damped)[0])[:, 0]
            vector_to_parameters(start + step, network.parameters())
        after = _mean_square(split, data)
        if after < before:
            return after, max(damping / 4, 1e-12)
        damping *= 5
    for network, start in zip(split.networks, starts, strict=True):
        vector_to_parameters(start, network.parameters())
    return before, damping


def _mean_square(split: SplitFlow, data: SplitData) -> float:
    residual = data.log_p - split.log_density(data.coordinates, data.context)
    return float((data.weights * residual**2).sum())


def _normal_equations(split: SplitFlow, data: SplitData) -> tuple[float, list[Tensor], list[Tensor]]:
    """The mean square r^T r, and J^T r and J^T J of every network, a chunk of the samples at a time."""
    sizes = [sum(p.numel() for p in network.parameters()) for network in split.networks]
    total, gradients = 0.0, [torch.zeros(size, dtype=torch.float64) for size in sizes]
    curvatures = [torch.zeros(size, size, dtype=torch.float64) for size in sizes]
    for part in zip(*(column.split(CHUNK) for column in data), strict=True):
        coordinates, context, log_p, weights = part
        with torch.enable_grad():
            log_q, jacobians = split.log_density_jacobian(coordinates, context)
        root = weights.sqrt()
        residual = root * (log_p - log_q)
        total += float((residual**2).sum())
        for jacobian, gradient, curvature in zip(jacobians, gradients, curvatures, strict=True):
            scaled = root[:, None] * jacobian
            gradient += scaled.T @ residual
            curvature += scaled.T @ scaled
    return total, gradients, curvatures
