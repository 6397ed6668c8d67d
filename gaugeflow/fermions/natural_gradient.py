"""The natural gradient in sample space: MinSR (arXiv:2302.01941) and SPRING (arXiv:2401.10190)."""

from typing import Any

import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.fermions.log_derivatives import log_derivatives, trained
from gaugeflow.fermions.optimizers import decayed
from gaugeflow.fermions.wavefunction import Wavefunction

__all__ = ["NaturalGradient", "natural_direction"]


def natural_direction(derivatives: Tensor, energies: Tensor, damping: float, momentum: Tensor | None = None) -> Tensor:
    """The direction phi of the parameters that best follows imaginary time on the samples.

    With the centred ``O = (d log psi - mean) / sqrt(batch)`` and ``e = (E - mean) / sqrt(batch)``,

        phi = argmin |O phi - e|^2 + damping |phi - m|^2 = m + O^T (O O^T + damping)^-1 (e - O m),

    solved in float64. Without m this is MinSR, which is stochastic reconfiguration ``(O^T O + damping)^-1 O^T e``;
    with m a share of the direction before, SPRING.

    Args:
        derivatives: of log|psi|, float64 ``(batch, parameters)``.
        energies: local energies ``(batch,)``.
        momentum: m, ``(parameters,)``.
    """
    batch = len(energies)
    o = (derivatives - derivatives.mean(0)) / batch**0.5
    e = (energies.double() - energies.double().mean()) / batch**0.5
    if momentum is not None:
        e = e - o @ momentum
    gram = o @ o.mT + damping * torch.eye(batch, dtype=o.dtype, device=o.device)
    phi = o.mT @ torch.cholesky_solve(e[:, None], torch.linalg.cholesky(gram))[:, 0]
    return phi if momentum is None else phi + momentum


class NaturalGradient:
    """``theta <- theta - eta phi`` with `natural_direction`; the change is not longer than `norm_limit`.

    Args:
        rate: eta at the start; it falls as ``1 / (1 + step/decay)``.
        damping: of the equations, in the unit of the squared derivatives.
        momentum: the share of the direction before that is kept; 0 for MinSR.
        norm_limit: the largest Euclidean norm of a change.
        chunk_size: walkers whose derivatives are taken at a time.

    Raises:
        UserError: a rate, damping or limit that is not positive, or a momentum outside [0, 1).
    """

    def __init__(
        self,
        rate: float = 0.05,
        damping: float = 1e-3,
        momentum: float = 0.95,
        norm_limit: float = 0.1,
        decay: float = 1e4,
        chunk_size: int | None = None,
    ) -> None:
        if min(rate, damping, norm_limit, decay) <= 0 or not 0 <= momentum < 1:
            raise UserError(
                "natural gradient: expected positive rate, damping, norm_limit and decay and a momentum in [0, 1), "
                f"came {rate}, {damping}, {norm_limit}, {decay} and {momentum}"
            )
        self.rate, self.damping, self.momentum = rate, damping, momentum
        self.norm_limit, self.decay, self.chunk_size = norm_limit, decay, chunk_size
        self.steps, self.direction = 0, None if momentum == 0 else torch.zeros(0, dtype=torch.float64)

    @torch.no_grad()
    def step(self, psi: Wavefunction, x: Tensor, energies: Tensor) -> float:
        derivatives = log_derivatives(psi, x, self.chunk_size)
        kept = None
        if self.direction is not None:
            kept = self.momentum * self.direction if self.steps else derivatives.new_zeros(derivatives.shape[1])
        direction = natural_direction(derivatives, energies, self.damping, kept)
        if self.direction is not None:
            self.direction = direction
        change = decayed(self.rate, self.steps, self.decay) * direction
        norm = float(change.norm())
        change *= min(1.0, self.norm_limit / norm) if norm > 0 else 1.0
        _subtract(psi, change)
        self.steps += 1
        return min(norm, self.norm_limit)

    def state_dict(self) -> dict[str, Any]:
        return {"steps": self.steps, "direction": self.direction}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.steps, self.direction = state["steps"], state["direction"]


def _subtract(psi: Wavefunction, change: Tensor) -> None:
    parameters = list(trained(psi).values())
    parts = change.split([parameter.numel() for parameter in parameters])
    for parameter, part in zip(parameters, parts, strict=True):
        parameter.sub_(part.reshape(parameter.shape))
