"""Hybrid Monte Carlo, Duane, Kennedy, Pendleton, Roweth, Phys. Lett. B 195 (1987) 216."""

import math
from typing import Any

import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.lattice.action import Action
from gaugeflow.lattice.spaces import tangent_noise
from gaugeflow.montecarlo.dynamics import dynamics_of
from gaugeflow.montecarlo.integrators import get_integrator
from gaugeflow.montecarlo.sampler import check_start

__all__ = ["HMC"]

PATIENCE = 10
"""Rejections of a chain in a row after which the warm-up tunes for it alone: by chance once in ten million times."""
MOST_STEPS = 5000
"""Where the warm-up gives up: a trajectory that needs more has a wrong force or an impossible start."""


class HMC:
    """Trajectories with momenta ``p ~ N(0, 1)``, accepted with probability ``min(1, exp(-dH))``.

    Every chain of the batch accepts for itself. While ``warmup`` is true each update moves the step size towards
    ``target_acceptance`` by a Robbins-Monro recursion on its logarithm; when ``warmup`` is set to false the step is
    frozen at the mean of the last iterates, so that the chain has the exact equilibrium from there on. A chain that
    started where forces are steep may be stuck at a step that suits all others: while one is, the step follows it.

    Args:
        action: any :class:`~gaugeflow.lattice.action.Action`; sums of Wilson loops run in the compiled kernels.
        integrator: ``leapfrog``, ``omelyan2`` or ``omelyan4``.
        length: molecular-dynamics time of a trajectory.
        step_size: the step aimed at, where the tuning begins; a trajectory takes ``round(length / step_size)`` equal
            steps, so that its length is exact.
        target_acceptance: mean acceptance to tune to, between 0 and 1, as near as whole steps allow.
        backend: kernels for sums of Wilson loops, ``auto``, ``numba``, ``torch`` or ``triton``.

    Raises:
        UserError: a length, step or acceptance out of range, or an unknown integrator.
    """

    def __init__(
        self,
        action: Action,
        integrator: str = "omelyan2",
        length: float = 1.0,
        step_size: float = 0.1,
        target_acceptance: float = 0.8,
        backend: str = "auto",
    ) -> None:
        if not (length > 0 and step_size > 0 and math.isfinite(length) and math.isfinite(step_size)):
            raise UserError(f"hmc: expected length and step_size > 0, got {length} and {step_size}")
        if not 0 < target_acceptance < 1:
            raise UserError(f"hmc: expected 0 < target_acceptance < 1, got {target_acceptance}")
        self.action, self.backend = action, backend
        self.integrator = get_integrator(integrator)
        self.length = length
        self.target_acceptance = target_acceptance
        self.warmup = True
        self._log_step = math.log(min(step_size, length))
        self._mean_log_step = self._log_step
        self._tuned = 0
        self._rejections: Tensor | None = None

    @property
    def steps(self) -> int:
        """Steps of a trajectory."""
        return max(1, round(self.length / self.step_size))

    @property
    def step_size(self) -> float:
        """The step aimed at; ``length / steps`` is taken."""
        return math.exp(self._log_step if self.warmup else self._mean_log_step)

    def hamiltonian(self, field: Tensor, momenta: Tensor) -> Tensor:
        """``S + sum p^2 / 2`` of each chain in float64, ``(batch,)``."""
        kinetic = (momenta.flatten(1).double() ** 2).sum(1) / 2
        return self.action(field).double() + kinetic

    def trajectory(self, field: Tensor, momenta: Tensor) -> tuple[Tensor, Tensor]:
        """Integrates the equations of motion for one trajectory; negating the final momenta reverses it."""
        dynamics = dynamics_of(self.action, field, self.backend)
        state = dynamics.start(field, momenta)
        for kind, epsilon in self.integrator.trajectory(self.steps, self.length / self.steps):
            state = (dynamics.kick if kind == "kick" else dynamics.drift)(*state, epsilon)
        return dynamics.finish(*state)

    @torch.no_grad()
    def update(self, field: Tensor, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        """One trajectory of every chain.

        Args:
            field: ``(batch, ...)``; not changed.
            generator: source of momenta and of the accept steps.

        Returns:
            The new field and, each ``(batch,)``: ``energy_violation`` (dH) and ``acceptance`` (0 or 1). A trajectory
            that ends in overflow has dH = inf and is rejected.

        Raises:
            UserError: ``field`` is off its manifold or has no finite action, ``generator`` lives on another device, or
                the warm-up finds no step that is accepted (a force that is not the derivative of the action).
        """
        check_start(self.action.space, field, generator)
        momenta = tangent_noise(self.action.space, field, generator)
        before = self.hamiltonian(field, momenta)
        if not bool(torch.isfinite(before).all()):
            raise UserError("hmc: the action of the field that came is not finite")
        proposal, final = self.trajectory(field, momenta)
        violation = self.hamiltonian(proposal, final) - before
        violation = torch.where(violation.isnan(), math.inf, violation)
        uniform = torch.rand(violation.shape, generator=generator, dtype=torch.float64, device=field.device)
        accepted = uniform < torch.exp(-violation)
        choose = accepted.view(-1, *[1] * (field.ndim - 1))
        field = torch.where(choose, proposal, field)
        if self.warmup:
            self._tune(self._slowest(torch.exp(-violation.clamp(min=0)), accepted))
        return field, {"energy_violation": violation, "acceptance": accepted.double()}

    def _slowest(self, acceptance: Tensor, accepted: Tensor) -> float:
        """The mean acceptance of the chains that are stuck, of all where none is."""
        before = self._rejections
        if before is None or before.shape != accepted.shape:
            before = torch.zeros_like(accepted, dtype=torch.int64)
        self._rejections = torch.where(accepted, 0, before.to(accepted.device) + 1)
        stuck = self._rejections > PATIENCE
        return float(acceptance[stuck].mean() if bool(stuck.any()) else acceptance.mean())

    def _tune(self, acceptance: float) -> None:
        """Robbins-Monro with gain 3/sqrt(n), which forgets a bad start in ten updates; the mean of its iterates."""
        self._tuned += 1
        step = self._log_step + 3 * (acceptance - self.target_acceptance) / math.sqrt(self._tuned)
        self._log_step = min(step, math.log(self.length))
        if self._log_step < math.log(self.length / MOST_STEPS):
            raise UserError(
                f"hmc: no trajectory of {MOST_STEPS} steps is accepted; expected a force that is the derivative of the "
                "action (Action.assert_force tests it), or a start nearer to equilibrium"
            )
        weight = self._tuned**-0.75
        self._mean_log_step += weight * (self._log_step - self._mean_log_step)

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint must keep: the tuning."""
        return {
            "warmup": self.warmup,
            "log_step": self._log_step,
            "mean_log_step": self._mean_log_step,
            "tuned": self._tuned,
            "rejections": self._rejections,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continues from :meth:`state_dict`."""
        self.warmup, self._tuned = bool(state["warmup"]), int(state["tuned"])
        self._log_step, self._mean_log_step = float(state["log_step"]), float(state["mean_log_step"])
        self._rejections = state.get("rejections")  # older checkpoints have none
