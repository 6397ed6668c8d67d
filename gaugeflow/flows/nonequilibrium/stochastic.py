"""Stochastic flows: bijections and Monte Carlo updates in turn, made exact by the work done on the way.

A field is drawn from the base and moved towards `exp(-S)` by layers and by updates that keep an action `S_k` each. With
`log q_0` the density of the base, J_l the Jacobians of the layers and `S_k(x) -> S_k(x')` the change in each update,

    log w = -S(x_n) - log q_0(x_0) + sum_l log |det J_l| + sum_k [ S_k(x') - S_k(x) ]

has `<w> = Z` and `<w O> = Z <O>`: Jarzynski, cond-mat/9610209; Nilmeier et al., PNAS 108 (2011) E1009; for lattice
flows arXiv:2201.08862. Without updates it is the weight of the flow; without layers and with `S_k` between base and
target it is annealed importance sampling.

Where every update is reversible, the same way taken backwards from a sample of the target has the law that turns
`E_p[1/w]` into `1/Z` and `1 / (E_p[w] E_p[1/w])` into the forward effective sample size: Crooks, cond-mat/9901352.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor, nn

from gaugeflow.errors import UserError
from gaugeflow.flows.flow import GaugeFlow
from gaugeflow.flows.losses import frozen_log_prob
from gaugeflow.kernels import Region
from gaugeflow.lattice.action import Action
from gaugeflow.lattice.loop_action import is_loop_sum
from gaugeflow.lattice.profiles.near import loops_through
from gaugeflow.lattice.spaces import Space
from gaugeflow.montecarlo import HMC, Sampler

__all__ = ["Bridge", "ScaledAction", "StochasticFlow", "Updates", "annealed"]


@dataclass(frozen=True)
class Updates:
    """`count` updates of a sampler that keeps `exp(-action)`."""

    sampler: Sampler
    action: Action
    count: int = 1

    @property
    def reversible(self) -> bool:
        """Whether detailed balance holds update by update: sweeps in a fixed order only keep the distribution."""
        return isinstance(self.sampler, HMC)

    def __call__(self, field: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """The field after the updates, and the change of the action, `(batch,)`: the heat."""
        before = self._changing(field)
        self.sampler.warmup = False  # tuning would couple the chains, and the law would not be kept
        for _ in range(self.count):
            field, _ = self.sampler.update(field, generator)
        return field, self._changing(field) - before

    @cached_property
    def _changing(self) -> Callable[[Tensor], Tensor]:
        """What of the action changes: the loops through the links that the sampler updates, where it holds others."""
        region: Region | None = getattr(self.sampler, "region", None)
        return loops_through(self.action, region) if region and is_loop_sum(self.action) else self.action


class StochasticFlow:
    """Samples `(x, log w)` of a flow whose layers stand between Monte Carlo updates.

    Args:
        flow: base, layers and the action of the target.
        updates: what happens after so many layers: `{0: Updates(...), 2: Updates(...)}`; 0 is before the first.

    Raises:
        UserError: an entry beyond the layers of the flow.
    """

    def __init__(self, flow: GaugeFlow, updates: dict[int, Updates | Sequence[Updates]]) -> None:
        beyond = [place for place in updates if not 0 <= place <= len(flow.flows)]
        if beyond:
            raise UserError(f"stochastic: expected updates after 0 to {len(flow.flows)} layers, got {beyond[0]}")
        self.flow = flow
        self.updates = {k: (u,) if isinstance(u, Updates) else tuple(u) for k, u in updates.items()}

    @torch.no_grad()
    def sample(self, num_samples: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Fields `(num_samples, ...)` and `log w`, `(num_samples,)`."""
        x, log_q = self.flow.q0(num_samples, generator)
        x, log_w = self._update(0, x, -log_q.double(), generator)
        for place, layer in enumerate(self.flow.flows, start=1):
            x, log_det = layer(x)
            x, log_w = self._update(place, x, log_w + log_det, generator)
        return x, log_w - self.flow.action(x)

    @property
    def reversible(self) -> bool:
        """Whether every update is, so that `reverse` has a meaning."""
        return all(updates.reversible for entries in self.updates.values() for updates in entries)

    @torch.no_grad()
    def reverse(self, x: Tensor, generator: torch.Generator) -> Tensor:
        """`log w` of one way back to the base from each sample of the target, `(batch,)`.

        Raises:
            UserError: an update that is not reversible.
        """
        if not self.reversible:
            raise UserError("stochastic: expected updates by hmc on the way back, came sweeps in a fixed order")
        log_w = -self.flow.action(x).double()
        for place in range(len(self.flow.flows), -1, -1):
            for updates in reversed(self.updates.get(place, ())):
                x, heat = updates(x, generator)
                log_w = log_w - heat
            if place:
                x, log_det = self.flow.flows[place - 1].inverse(x)
                log_w = log_w - log_det
        return log_w - self.flow.q0.log_prob(x)

    def _update(self, place: int, x: Tensor, log_w: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        for updates in self.updates.get(place, ()):
            x, log_w = self._before(x, log_w, updates.action, generator)
            x, heat = updates(x, generator)
            log_w = log_w + heat
        return x, log_w

    def _before(self, x: Tensor, log_w: Tensor, action: Action, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """What happens to fields and weights before updates that keep an action: nothing here."""
        return x, log_w


class ScaledAction(Action):
    """`factor S`, for annealing: from infinite temperature at 0 to the action itself at 1."""

    def __init__(self, action: Action, factor: float) -> None:
        self.action, self.factor = action, factor

    @property
    def space(self) -> Space:  # type: ignore[override]  # a property where others have a constant
        return self.action.space

    def __call__(self, field: Tensor) -> Tensor:
        return self.factor * self.action(field)

    def force(self, field: Tensor) -> Tensor:
        return self.factor * self.action.force(field)


class Bridge(Action):
    """`t S - (1 - t) log q`, the geometric mean of a flow and its target; from one to the other, arXiv:2208.01893.

    Args:
        flow: gives log q, with the parameters that it has at each call, of which no derivative is taken.
        action: S.
        t: from 0, the flow, to 1, the target.
    """

    def __init__(self, flow: GaugeFlow, action: Action, t: float) -> None:
        self.flow, self.action, self.t = flow, action, t

    @property
    def space(self) -> Space:  # type: ignore[override]  # a property where others have a constant
        return self.action.space

    def __call__(self, field: Tensor) -> Tensor:
        return self.t * self.action(field) - (1 - self.t) * frozen_log_prob(self.flow, field)


def annealed(base: nn.Module, ladder: Sequence[Updates], action: Action) -> StochasticFlow:
    """Annealed importance sampling: the updates of a ladder of actions behind the base; Neal, physics/9803008."""
    flow = GaugeFlow(base, [], action)  # a flow as base has layers, and its fields are those behind them
    return StochasticFlow(flow, {len(flow.flows): ladder})
