"""Protocols: from an equilibrium that is easy to sample to the target, along a path of actions in any parameter."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from gaugeflow.errors import UserError
from gaugeflow.flows.bases.base import Base
from gaugeflow.flows.flow import GaugeFlow
from gaugeflow.flows.nonequilibrium.schedules import ActionPath, check_times
from gaugeflow.flows.nonequilibrium.stochastic import StochasticFlow, Updates
from gaugeflow.groups import Group
from gaugeflow.lattice.action import Action
from gaugeflow.lattice.fields import hot_start
from gaugeflow.montecarlo import Sampler

__all__ = ["EquilibriumBase", "protocol"]


class EquilibriumBase(Base):
    """Links from a Markov chain in equilibrium: a start for protocols where no density is known.

    Each field is a chain of its own, that begins at random; with `between` the chains go on at the next draw of as
    many. `log_prob` is -S without the normalisation: weights of a protocol from here average to the ratio of partition
    functions.

    Args:
        group: of the links.
        shape: extents of the lattice.
        sampler: keeps `exp(-S)`; tuned beforehand where it is tuned.
        action: S.
        updates: from random links to equilibrium.
        between: from one draw to the next, whose fields are then correlated; by default every draw begins anew.
        dtype: real dtype of the links.
    """

    def __init__(
        self,
        group: Group,
        shape: Sequence[int],
        sampler: Sampler,
        action: Action,
        updates: int,
        between: int | None = None,
        dtype: torch.dtype = torch.float64,
    ) -> None:
        super().__init__(shape, dtype)
        self.group, self.sampler, self.action = group, sampler, action
        self.updates, self.between = updates, between
        self._last: Tensor | None = None

    @torch.no_grad()
    def draw(self, num_samples: int, generator: torch.Generator) -> Tensor:
        field, updates = self._last, self.between
        if field is None or updates is None or len(field) != num_samples:
            field, updates = hot_start(self.group, self.shape, generator, num_samples, self.dtype), self.updates
        self.sampler.warmup = False
        for _ in range(updates):
            field, _ = self.sampler.update(field, generator)
        self._last = field
        return field

    def log_prob(self, z: Tensor) -> Tensor:
        return -self.action(z)


def protocol(
    base: nn.Module,
    path: ActionPath,
    times: Sequence[float],
    make: Callable[[Action], Sampler],
    count: int = 1,
    layers: Sequence[nn.Module] = (),
) -> StochasticFlow:
    """The evolutions from a base along a path: `count` updates at each time between, and the target at the end.

    Args:
        base: fields with the density of `path(0)`, as `HaarBase` for `S = 0` or :class:`EquilibriumBase`; or a flow.
        path: the actions.
        times: from 0 to 1, rising.
        make: the sampler of an action; any that keeps it, also of a part of the links alone.
        count: updates at each time.
        layers: bijections into each time but the first, before its updates; none by default.

    Raises:
        UserError: times that do not rise from 0 to 1, or another number of layers than of steps between them.
    """
    check_times(times)
    if layers and len(layers) != len(times) - 1:
        raise UserError(f"protocol: expected a layer for each of {len(times) - 1} steps, got {len(layers)}")
    ladder = [Updates(make(action), action, count) for action in map(path, times[1:-1])]
    flow = GaugeFlow(base, layers, path(times[-1]))  # a flow as base has layers too, which come first
    start = len(flow.flows) - len(layers)
    if not layers:
        return StochasticFlow(flow, {start: ladder})
    return StochasticFlow(flow, {start + k: updates for k, updates in enumerate(ladder, start=1)})
