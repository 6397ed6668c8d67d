"""Adam on the variational energy, for comparison."""

from typing import Any

import torch
from torch import Tensor

from gaugeflow.wavefunctions.optimizers.log_derivatives import trained, weighted_gradient
from gaugeflow.wavefunctions.optimizers.optimizer import ALONE, Processes, decayed
from gaugeflow.wavefunctions.wavefunction import Wavefunction

__all__ = ["Adam"]


class Adam:
    """Adam (arXiv:1412.6980) with the gradient ``2 Re <(E - <E>) d log psi*>`` over walkers with weights,
    ``(batch, n, d)`` or ``(batch, 2, sites)``.

    Args:
        rate: at the start; it falls as ``1 / (1 + step/decay)``.
        processes: those that share the walkers.
    """

    def __init__(self, psi: Wavefunction, rate: float = 1e-2, decay: float = 1e3, processes: Processes = ALONE) -> None:
        self.processes = processes
        self.rate, self.decay, self.steps = rate, decay, 0
        self.inner = torch.optim.Adam(list(trained(psi).values()), lr=rate)

    def step(self, psi: Wavefunction, x: Tensor, energies: Tensor, weights: Tensor | None = None) -> float:
        shares = torch.full_like(energies.real, 1 / len(energies)) if weights is None else weights.to(energies.real)
        factors = 2 * shares * (energies - (shares * energies).sum())
        before = [parameter.detach().clone() for parameter in trained(psi).values()]
        slopes = weighted_gradient(psi, self.processes.part(x), self.processes.part(factors))
        for parameter, slope in zip(trained(psi).values(), slopes, strict=True):
            parameter.grad = self.processes.sum(slope)
        self.inner.param_groups[0]["lr"] = decayed(self.rate, self.steps, self.decay)
        self.inner.step()
        self.steps += 1
        changes = [(p.detach() - old).square().sum() for p, old in zip(trained(psi).values(), before, strict=True)]
        return float(torch.stack(changes).sum().sqrt())

    def state_dict(self) -> dict[str, Any]:
        return {"steps": self.steps, "inner": self.inner.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.steps = state["steps"]
        self.inner.load_state_dict(state["inner"])
