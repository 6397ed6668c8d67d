"""The scales t0 and w0 of an ensemble, from the ensemble mean of t^2 E(t)."""

import numpy as np

from gaugeflow.montecarlo.errors import Estimate, derived

__all__ = ["LEVEL", "flow_scales"]

Chains = np.ndarray | list[np.ndarray]
LEVEL = 0.3


def flow_scales(times: np.ndarray, t2e: Chains) -> dict[str, Estimate]:
    """t0/a^2 (arXiv:1006.4518, eq. (4.1)) and w0/a (arXiv:1203.4469), those that the flow reaches.

    With `y = t^2 E`, t0 is where `<y>` rises through 0.3 and w0^2 where `w = t d<y>/dt` does, linear between the
    steps and with central differences. Errors follow from those of `<y>` at the two or four steps around.

    Arguments:
        times: `(steps,)`, equally spaced from 0.
        t2e: `(chains, measurements, steps)`, or a list of chains of different lengths.
    """
    mean, step = np.concatenate([*t2e]).mean(0), times[1] - times[0]
    found = {}
    k = _rise(mean)
    if k is not None:
        t = times[k]
        found["t0"] = derived(lambda low, high: t + step * (LEVEL - low) / (high - low), _at(t2e, k), _at(t2e, k + 1))
    w = times[1:-1] * (mean[2:] - mean[:-2]) / (2 * step)
    k = _rise(w)
    if k is not None:
        first, second = times[k + 1], times[k + 2]

        def w0(a: float, b: float, c: float, d: float) -> float:
            low, high = first * (c - a) / (2 * step), second * (d - b) / (2 * step)
            return (first + step * (LEVEL - low) / (high - low)) ** 0.5

        found["w0"] = derived(w0, *(_at(t2e, k + i) for i in range(4)))
    return found


def _at(t2e: Chains, k: int) -> list[np.ndarray]:
    """The samples of all chains at one step."""
    return [one[:, k] for one in t2e]


def _rise(values: np.ndarray) -> int | None:
    """The step before the first rise through the level."""
    crossings = np.flatnonzero((values[:-1] < LEVEL) & (values[1:] >= LEVEL))
    return int(crossings[0]) if len(crossings) else None
