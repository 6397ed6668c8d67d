"""Layers between the updates of a protocol, learned one after another."""

import itertools
from collections.abc import Callable, Sequence

import torch
from torch import nn

from gaugeflow.errors import UserError
from gaugeflow.flows.flow import GaugeFlow
from gaugeflow.flows.nonequilibrium.schedules import check_times
from gaugeflow.flows.nonequilibrium.stochastic import Updates
from gaugeflow.flows.nonequilibrium.stout_step import StoutStep
from gaugeflow.lattice.fields import lattice_shape
from gaugeflow.lattice.loop_action import LoopAction
from gaugeflow.lattice.profiles.near import loops_through
from gaugeflow.montecarlo import Sampler

__all__ = ["learned_layers"]

FIRST, LATER = 12, 4
"""Iterations of L-BFGS; a layer has a handful of coefficients, and begins at those of the last one."""


def learned_layers(
    base: nn.Module,
    path: Callable[[float], LoopAction],
    times: Sequence[float],
    make: Callable[[LoopAction], Sampler],
    samples: int,
    generator: torch.Generator,
    count: int = 1,
) -> list[StoutStep]:
    """A :class:`StoutStep` into each action of a protocol, learned on the fields that come there.

    Each takes the fields at t towards those at t' as far as it can: it lowers the variance of the work of its step,
    ``S(t', f(x)) - S(t, x) - log |det J|``, which is zero where f(x) has the law at t' (the log-variance divergence,
    arXiv:2005.05409). Near that the variance tells the coefficients from few fields better than the mean work does.
    The layers before it and the updates at t have been done then.

    Args:
        base: as for :func:`protocol`, so `path`, `times`, `make` and `count`.
        path: sums of loops, which differ in the weights of these alone.
        times: from 0 to 1, rising.
        make: the sampler of an action.
        samples: fields that each layer is learned on.
        generator: source of the fields.
        count: updates at each time.

    Raises:
        UserError: times that do not rise from 0 to 1; actions that do not differ, or in more than weights; fewer than
            two samples.
    """
    check_times(times)
    if samples < 2:
        raise UserError(f"learned layers: expected two samples or more, of which work has a variance, got {samples}")
    x, _ = GaugeFlow(base, []).sample(samples, generator)
    layers: list[StoutStep] = []
    for before, after in itertools.pairwise(map(path, times)):
        if layers:
            with torch.no_grad():
                x, _ = Updates(make(before), before, count)(layers[-1](x)[0], generator)
        layer = StoutStep(lattice_shape(x), before, after)
        known = bool(layers) and layers[-1].coefficients.shape == layer.coefficients.shape
        if known:
            layer.load_state_dict(layers[-1].state_dict())
        _fit(layer, before, after, x, LATER if known else FIRST)
        layers.append(layer)
    return layers


def _fit(layer: StoutStep, before: LoopAction, action: LoopAction, x: torch.Tensor, iterations: int) -> None:
    seen = loops_through(action, layer.region)
    optimizer = torch.optim.LBFGS(layer.parameters(), max_iter=iterations, line_search_fn="strong_wolfe")
    old = loops_through(before, layer.region)(x)

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        y, log_det = layer(x)
        value = (seen(y) - old - log_det).var()
        value.backward()
        return value

    optimizer.step(loss)
