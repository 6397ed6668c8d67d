"""Independence Metropolis: exact chains out of a sampler that knows its own density."""

import math
from typing import Any, Protocol

import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.lattice.action import Action
from gaugeflow.montecarlo.sampler import check_start

__all__ = ["IndependenceMetropolis", "Proposal", "check_log_weight", "metropolis_chain"]


class Proposal(Protocol):
    """Independent fields with their densities; a `GaugeFlow` is one."""

    def sample(self, num_samples: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Fields `(num_samples, ...)` and `log q`, `(num_samples,)`."""
        ...

    def log_prob(self, x: Tensor) -> Tensor:
        """`log q(x)`, `(batch,)`."""
        ...


class IndependenceMetropolis:
    """Proposes a new field from q, whatever the present one, and accepts with probability `min(1, w' / w)`.

    `w = exp(-S) / q`. The stationary law is `exp(-S)` whatever q is, as long as q reaches everything; Liu, Monte Carlo
    Strategies in Scientific Computing, section 5.4.2; for flows arXiv:1904.12072. The autocorrelation time is about
    the largest weight over the mean.

    Args:
        proposal: draws fields and knows their densities.
        action: of the target.
    """

    def __init__(self, proposal: Proposal, action: Action) -> None:
        self.proposal, self.action = proposal, action
        self.warmup = True  # nothing to tune
        self._log_weight: Tensor | None = None
        self._field: Tensor | None = None

    @torch.no_grad()
    def update(self, field: Tensor, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        """One proposal for every chain of `(batch, ...)`.

        Returns:
            The new field and, each `(batch,)`: `acceptance` (0 or 1) and `log_weight` of the new field.

        Raises:
            UserError: `field` is off its manifold, or a field has no finite weight.
        """
        check_start(self.action.space, field, generator)
        before = self._weight(field)
        proposed, log_q = self.proposal.sample(len(field), generator)
        after = _log_weight(self.action, proposed, log_q)
        log_u = torch.rand(len(field), generator=generator, dtype=torch.float64, device=field.device).log()
        accepted = log_u < after - before
        field = torch.where(accepted.view(-1, *[1] * (field.ndim - 1)), proposed, field)
        self._field, self._log_weight = field, torch.where(accepted, after, before)
        return field, {"acceptance": accepted.double(), "log_weight": self._log_weight}

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint must keep: the weights of the present fields, which the flow would give with rounding."""
        return {"warmup": self.warmup, "log_weight": self._log_weight}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continues from :meth:`state_dict`."""
        self.warmup, self._log_weight, self._field = bool(state["warmup"]), state["log_weight"], None

    def _weight(self, field: Tensor) -> Tensor:
        """Known for the field of the last update and for the first one after a checkpoint."""
        if self._log_weight is not None and (self._field is None or self._field is field):
            return self._log_weight.to(field.device)
        return _log_weight(self.action, field, self.proposal.log_prob(field))


def check_log_weight(log_weight: Tensor) -> Tensor:
    """Hands back `log w`. Raises UserError where one is NaN or +inf: a chain would stand still there for ever."""
    if not bool((log_weight < math.inf).all()):
        raise UserError(
            "independence: expected fields with a finite weight exp(-S) / q, got NaN or infinity from the action or "
            "the density"
        )
    return log_weight


def metropolis_chain(log_weight: Tensor, uniform: Tensor) -> Tensor:
    """Which of the proposals a chain stands at after each of them, for chains whose weights are all known.

    Args:
        log_weight: `(chains, n)`, of the proposals in order; the first is where a chain begins.
        uniform: `(chains, n)`, in [0, 1), for the decisions.

    Returns:
        Indices `(chains, n)` of proposals, not descending.
    """
    indices = torch.zeros(log_weight.shape, dtype=torch.int64)
    log_w, log_u = log_weight.double().cpu(), uniform.double().cpu().log()
    present = indices[:, 0]
    for step in range(1, log_w.shape[1]):
        ratio = log_w[:, step] - log_w.gather(1, present[:, None])[:, 0]
        present = torch.where(log_u[:, step] < ratio, step, present)
        indices[:, step] = present
    return indices


def _log_weight(action: Action, field: Tensor, log_q: Tensor) -> Tensor:
    return check_log_weight(-action(field).double() - log_q.double())
