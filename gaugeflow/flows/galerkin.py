"""The velocity that carries one density into the next, fitted by linear least squares.

Along a path of densities ``p_t ~ exp(-S_t)`` a velocity ``v`` transports ``p_t`` exactly where
``div v - v . grad S_t = dS_t/dt - <dS_t/dt>``, which is linear in ``v``. For ``v = sum_a w_a F_a`` the best weights
minimise the variance under ``p_t`` of ``sum_a w_a A_a - dS_t/dt`` with ``A_a = div F_a - F_a . grad S_t``, whose own
mean is zero. For links this is the equation of trivializing maps, arXiv:0907.5491. What a flow takes as features and as
samples is its own affair.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from gaugeflow.errors import UserError

__all__ = ["NormalEquations", "Solution"]


@dataclass(frozen=True)
class Solution:
    """The weights of the features, and how much they explain.

    Attributes:
        coefficients: ``(features,)``, float64.
        residual: variance of ``sum_a w_a A_a - target`` over the samples.
        target: variance of the target, the residual of a velocity that is zero.
    """

    coefficients: Tensor
    residual: float
    target: float


class NormalEquations:
    """The covariance of features and target, gathered batch by batch in float64.

    Args:
        size: number of features.
        device: where the sums live.
    """

    def __init__(self, size: int, device: torch.device | str | None = None) -> None:
        self.weight = 0.0
        self.mean = torch.zeros(size + 1, dtype=torch.float64, device=device)
        self.moments = torch.zeros(size + 1, size + 1, dtype=torch.float64, device=device)

    @torch.no_grad()
    def add(self, features: Tensor, target: Tensor, weights: Tensor | None = None) -> None:
        """Takes samples ``features`` ``(batch, size)`` and ``target`` ``(batch,)``, each counted ``weights`` times.

        Raises:
            UserError: shapes that do not belong together, a number that is not finite, or weights of sum zero.
        """
        expected = (len(target), len(self.mean) - 1)
        if features.shape != expected:
            raise UserError(f"normal equations: expected features {expected}, got {tuple(features.shape)}")
        rows = torch.cat([features, target[:, None]], 1).to(self.mean)
        share = torch.ones_like(rows[:, 0]) if weights is None else weights.to(self.mean)
        total = float(share.sum())
        if not (bool(torch.isfinite(rows).all()) and math.isfinite(total) and total > 0):
            raise UserError("normal equations: expected finite features and targets and weights of positive sum")
        mean = share @ rows / total
        centred = rows - mean
        jump = mean - self.mean
        # Chan, Golub, LeVeque: the moments of two sets about their common mean.
        between = self.weight * total / (self.weight + total)
        self.moments += centred.mT @ (share[:, None] * centred) + between * torch.outer(jump, jump)
        self.weight += total
        self.mean += jump * (total / self.weight)

    def solve(self, ridge: float = 1e-8) -> Solution:
        """The weights that minimise the variance left, with ``ridge`` times their squares in units of one deviation.

        Features are scaled to unit variance first; one that does not vary gets the weight zero.

        Raises:
            UserError: no samples, or a ridge that is not positive.
        """
        if not ridge > 0 or self.weight == 0:
            raise UserError(f"normal equations: expected samples and a ridge > 0, got weight {self.weight}, {ridge=}")
        covariance = self.moments / self.weight
        scale = covariance.diagonal()[:-1].sqrt()
        scale = torch.where(scale > 1e-12 * scale.max().clamp(min=1e-300), scale, math.inf)
        matrix = covariance[:-1, :-1] / torch.outer(scale, scale)
        right = covariance[:-1, -1] / scale
        matrix = matrix + ridge * torch.eye(len(right), dtype=right.dtype, device=right.device)
        w = torch.cholesky_solve(right[:, None], torch.linalg.cholesky(matrix))[:, 0] / scale
        target = covariance[-1, -1]
        residual = w @ covariance[:-1, :-1] @ w - 2 * w @ covariance[:-1, -1] + target
        return Solution(w, max(0.0, float(residual)), float(target))
