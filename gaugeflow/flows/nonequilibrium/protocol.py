"""Protocols: from an equilibrium that is easy to sample to the target, along a path of actions in any parameter."""

import itertools
from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from gaugeflow.errors import UserError
from gaugeflow.flows.bases.base import Base
from gaugeflow.flows.flow import GaugeFlow
from gaugeflow.flows.nonequilibrium.stochastic import StochasticFlow, Updates, annealed
from gaugeflow.groups import Group
from gaugeflow.lattice.action import Action
from gaugeflow.lattice.fields import hot_start
from gaugeflow.montecarlo import Sampler

__all__ = ["ActionPath", "EquilibriumBase", "constant_speed", "linear_times", "protocol"]

ActionPath = Callable[[float], Action]
"""The action at each t, from 0, where the fields begin, to 1, the target."""


class EquilibriumBase(Base):
    """Links from a Markov chain in equilibrium: a start for protocols where no density is known.

    Each field is a chain of its own, that begins at random. `log_prob` is -S without the normalisation: weights of
    a protocol from here average to the ratio of partition functions.

    Args:
        group: of the links.
        shape: extents of the lattice.
        sampler: keeps `exp(-S)`; tuned beforehand where it is tuned.
        action: S.
        updates: from random links to equilibrium.
        dtype: real dtype of the links.
    """

    def __init__(
        self,
        group: Group,
        shape: Sequence[int],
        sampler: Sampler,
        action: Action,
        updates: int,
        dtype: torch.dtype = torch.float64,
    ) -> None:
        super().__init__(shape, dtype)
        self.group, self.sampler, self.action, self.updates = group, sampler, action, updates

    @torch.no_grad()
    def draw(self, num_samples: int, generator: torch.Generator) -> Tensor:
        field = hot_start(self.group, self.shape, generator, num_samples, self.dtype)
        self.sampler.warmup = False
        for _ in range(self.updates):
            field, _ = self.sampler.update(field, generator)
        return field

    def log_prob(self, z: Tensor) -> Tensor:
        return -self.action(z)


def linear_times(steps: int) -> list[float]:
    """`steps` equal steps from 0 to 1. Raises UserError for less than one."""
    if steps < 1:
        raise UserError(f"protocol: expected at least one step, got {steps}")
    return [k / steps for k in range(steps + 1)]


def protocol(
    base: nn.Module, path: ActionPath, times: Sequence[float], make: Callable[[Action], Sampler], count: int = 1
) -> StochasticFlow:
    """The evolutions from a base along a path: `count` updates at each time between, and the target at the end.

    Args:
        base: fields with the density of `path(0)`, as `HaarBase` for `S = 0` or :class:`EquilibriumBase`; or a flow.
        path: the actions.
        times: from 0 to 1, rising.
        make: the sampler of an action; any that keeps it, also of a part of the links alone.
        count: updates at each time.

    Raises:
        UserError: times that do not rise from 0 to 1.
    """
    _check(times)
    ladder = [Updates(make(action), action, count) for action in map(path, times[1:-1])]
    return annealed(base, ladder, path(times[-1]))


@torch.no_grad()
def constant_speed(
    base: nn.Module,
    path: ActionPath,
    times: Sequence[float],
    make: Callable[[Action], Sampler],
    steps: int,
    samples: int,
    generator: torch.Generator,
) -> list[float]:
    """Times whose steps are equally long in units of the spread of the work, from a pilot run at other times.

    The length of a step is the standard deviation of `S(t') - S(t)` over fields at t (the Fisher metric); for slow
    protocols equal lengths dissipate least, G. Crooks, Phys. Rev. Lett. 99 (2007) 100602.

    Args:
        base: as for :func:`protocol`, so `path` and `make`.
        path: the actions.
        times: of the pilot run.
        make: the sampler of an action.
        steps: how many the new times make.
        samples: evolutions of the pilot.
        generator: source of the pilot's fields.

    Raises:
        UserError: times that do not rise from 0 to 1, or work that does not vary.
    """
    _check(times)
    linear_times(steps)
    x, _ = GaugeFlow(base, []).sample(samples, generator)
    lengths = []
    for before, after in itertools.pairwise(times):
        old, new = path(before), path(after)
        lengths.append(float((new(x) - old(x)).double().std()))
        x, _ = Updates(make(new), new)(x, generator)
    passed = np.concatenate([[0.0], np.cumsum(lengths)])
    if not passed[-1] > 0:
        raise UserError("protocol: the work of the pilot run does not vary; expected a path whose actions differ")
    return [float(t) for t in np.interp(np.linspace(0, passed[-1], steps + 1), passed, times)]


def _check(times: Sequence[float]) -> None:
    rising = all(a < b for a, b in itertools.pairwise(times))
    if len(times) < 2 or times[0] != 0 or times[-1] != 1 or not rising:
        raise UserError(f"protocol: expected times that rise from 0 to 1, got {list(times)}")
