"""The times of a protocol: equal steps, steps of equal spread of the work, and learned ones."""

import itertools
from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from gaugeflow.errors import UserError
from gaugeflow.flows.flow import GaugeFlow
from gaugeflow.flows.nonequilibrium.stochastic import Updates
from gaugeflow.lattice.action import Action
from gaugeflow.montecarlo import Sampler

__all__ = ["ActionPath", "check_times", "constant_speed", "learned_times", "linear_times"]

ActionPath = Callable[[float], Action]
"""The action at each t, from 0, where the fields begin, to 1, the target."""


def linear_times(steps: int) -> list[float]:
    """`steps` equal steps from 0 to 1. Raises UserError for less than one."""
    if steps < 1:
        raise UserError(f"protocol: expected at least one step, got {steps}")
    return [k / steps for k in range(steps + 1)]


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
    linear_times(steps)
    work = _pilot(base, path, times, make, samples, generator, 1)
    return _spaced(work.std(1, ddof=1), times, steps)


def learned_times(
    base: nn.Module,
    path: ActionPath,
    make: Callable[[Action], Sampler],
    steps: int,
    samples: int,
    generator: torch.Generator,
    rounds: int = 4,
    count: int = 1,
) -> list[float]:
    """Times at which the work varies little, learned from pilot runs of as many steps.

    Where updates are slow, fields lag behind the action, by more the longer the steps: the spread of the work depends
    on the steps themselves. Each round measures it with the times of the last one and moves them until all steps
    spread equally; of all rounds, whose first has equal steps, those times are kept whose work varied least. For slow
    protocols see D. Sivak, G. Crooks, Phys. Rev. Lett. 108 (2012) 190602.

    Args:
        base: as for :func:`protocol`, so `path`, `make` and `count`.
        path: the actions.
        make: the sampler of an action.
        steps: how many the times make.
        samples: evolutions of each pilot run.
        generator: source of their fields.
        rounds: pilot runs, two or more.
        count: updates at each time.

    Raises:
        UserError: fewer than two rounds, less than one step, or work that does not vary.
    """
    if rounds < 2:
        raise UserError(f"protocol: expected two or more rounds of pilot runs, got {rounds}")
    times, tried = linear_times(steps), []
    for _ in range(rounds):
        work = _pilot(base, path, times, make, samples, generator, count)
        tried.append((float(work.sum(0).var()), times))
        times = _spaced(work.std(1, ddof=1), times, steps)
    return min(tried)[1]


def check_times(times: Sequence[float]) -> None:
    """Raises UserError unless the times rise from 0 to 1."""
    rising = all(a < b for a, b in itertools.pairwise(times))
    if len(times) < 2 or times[0] != 0 or times[-1] != 1 or not rising:
        raise UserError(f"protocol: expected times that rise from 0 to 1, got {list(times)}")


@torch.no_grad()
def _pilot(
    base: nn.Module,
    path: ActionPath,
    times: Sequence[float],
    make: Callable[[Action], Sampler],
    samples: int,
    generator: torch.Generator,
    count: int,
) -> NDArray[np.float64]:
    """`S(t') - S(t)` of each step before the updates at t', ``(steps, samples)``."""
    check_times(times)
    x, _ = GaugeFlow(base, []).sample(samples, generator)
    work = []
    for before, after in itertools.pairwise(times):
        old, new = path(before), path(after)
        work.append((new(x) - old(x)).double())
        x, _ = Updates(make(new), new, count)(x, generator)
    return torch.stack(work).cpu().numpy()


def _spaced(lengths: NDArray[np.float64], times: Sequence[float], steps: int) -> list[float]:
    """Times between which the lengths are equal."""
    passed = np.concatenate([[0.0], np.cumsum(lengths)])
    if not passed[-1] > 0:
        raise UserError("protocol: the work of the pilot run does not vary; expected a path whose actions differ")
    return [float(t) for t in np.interp(np.linspace(0, passed[-1], steps + 1), passed, times)]
