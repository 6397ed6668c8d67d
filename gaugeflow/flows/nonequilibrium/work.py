"""What the work of evolutions says: free energies forward, in reverse and by both, and what the work was worth."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from gaugeflow.errors import UserError
from gaugeflow.flows.statistics import Weights, forward_log_z
from gaugeflow.montecarlo.errors import Estimate, derived

__all__ = ["Work", "bennett", "crossing"]

Array = NDArray[np.float64]
BLOCKS = 20
"""Parts of both directions that are left out in turn for the error of a number of both."""
EFFECTIVE = 100
"""Evolutions that are to be left when the weights have done their work."""


@dataclass(frozen=True)
class Work:
    """The weights of a protocol, `log w` of each evolution: minus the work done.

    Args:
        forward: `log w` of `StochasticFlow.sample`, `(n,)`.
        updates: Monte Carlo updates of each evolution, of the whole lattice or in units of that.
        reverse: `log w` of `StochasticFlow.reverse` from samples of the target, `(m,)`, where there are any.
    """

    forward: Array
    updates: float
    reverse: Array | None = None

    @cached_property
    def weights(self) -> Weights:
        """The statistics of the weights alone."""
        return Weights(self.forward)

    @property
    def log_z(self) -> dict[str, Estimate]:
        """`log Z`, or of its ratio to that of the start: Jarzynski's `forward`.

        With both directions also `reverse`, `bennett` and `crossing`, where the histograms of both cross.
        """
        found = {"forward": self.weights.log_z()}
        if self.reverse is not None:
            both = self.forward, self.reverse
            found |= {"reverse": forward_log_z(self.reverse), "bennett": bennett(*both), "crossing": crossing(*both)}
        return found

    @property
    def dissipated(self) -> Estimate:
        """`W_d = log <w> - <log w>`, the work above the difference of free energies: 0 if nothing is lost."""
        w = self.weights.scaled
        return derived(lambda a, b: np.log(a) - b, w, self.forward - self.forward.max())

    @property
    def variance(self) -> float:
        """Of the work; twice `dissipated` for normal work."""
        return float(self.forward.var(ddof=1))

    @property
    def ess_per_update(self) -> float:
        """Effective samples for each update."""
        return self.weights.ess().value / self.updates

    @property
    def needed(self) -> int:
        """Evolutions of which 100 are left after weighting if the work is normal, `100 exp(variance)`."""
        return math.ceil(EFFECTIVE * math.exp(min(self.variance, 50)))

    @property
    def warning(self) -> str:
        """Whether there are too few evolutions, which makes the effective sample size look larger; or nothing."""
        if len(self.forward) >= self.needed:
            return ""
        return (
            f"{len(self.forward)} evolutions with a variance of the work of {self.variance:.3g} overrate the effective "
            f"sample size; about {self.needed:.2g} would do"
        )


def bennett(forward: Array, reverse: Array) -> Estimate:
    """`log Z` from both directions, C. Bennett, J. Comput. Phys. 22 (1976) 245, with a jackknife error.

    The solution of `sum_F s(u + c) = sum_R s(-u - c)`, `u = log w - log Z`, s the logistic function, c = log(m / n).

    Args:
        forward: `log w` of n evolutions from the base.
        reverse: `log w` of m evolutions back from the target.

    Raises:
        UserError: fewer than 20 evolutions one way, or one that is not finite.
    """
    return _jackknife(_balance, "bennett", forward, reverse)


def crossing(forward: Array, reverse: Array) -> Estimate:
    """`log Z` where the histograms of both directions cross, with a jackknife error.

    By `p_R(u) = p_F(u) exp(u - log Z)`, u = log w (G. Crooks, Phys. Rev. E 60 (1999) 2721), every bin that both have
    visited tells log Z; their mean counts bins by how much was seen. It is nan where the histograms do not meet.

    Args:
        forward: `log w` of n evolutions from the base.
        reverse: `log w` of m evolutions back from the target.

    Raises:
        UserError: fewer than 20 evolutions one way, or one that is not finite.
    """
    return _jackknife(_meeting, "crossing", forward, reverse)


def _jackknife(value: Callable[[Array, Array], float], name: str, forward: Array, reverse: Array) -> Estimate:
    """A number of both directions, with its error from parts that are left out in turn."""
    if min(len(forward), len(reverse)) < BLOCKS or not np.isfinite([*forward, *reverse]).all():
        raise UserError(
            f"{name}: expected {BLOCKS} finite weights or more each way, got {len(forward)}, {len(reverse)}"
        )
    left = [value(_without(forward, k), _without(reverse, k)) for k in range(BLOCKS)]
    error = math.sqrt((BLOCKS - 1) * float(np.var(left)))
    count = len(forward) + len(reverse)
    return Estimate(value(forward, reverse), error, math.nan, math.nan, math.nan, count, 1, math.nan, "")


def _without(values: Array, block: int) -> Array:
    return values[np.arange(len(values)) % BLOCKS != block]


def _balance(forward: Array, reverse: Array) -> float:
    """By bisection: the left side falls with log Z, the right side rises."""
    ratio = math.log(len(reverse) / len(forward))
    both = np.concatenate([forward, reverse])
    low, high = float(both.min()) + ratio - 50, float(both.max()) + ratio + 50
    for _ in range(100):  # to rounding
        middle = (low + high) / 2
        excess = _logistic(forward - middle + ratio).sum() - _logistic(middle - reverse - ratio).sum()
        low, high = (middle, high) if excess > 0 else (low, middle)
    return (low + high) / 2


def _meeting(forward: Array, reverse: Array) -> float:
    """From bins of a quarter of the wider spread; in their own means of u, so that their width leaves no trace."""
    width = max(forward.std(), reverse.std(), 1e-12) / 4
    first = min(forward.min(), reverse.min())
    places = [np.floor((values - first) / width).astype(int) for values in (forward, reverse)]
    size = 1 + max(int(place.max()) for place in places)
    ahead, back = (np.bincount(place, minlength=size) for place in places)
    middles = np.bincount(places[0], np.exp(np.clip(forward - first - width * places[0], 0, width)), size)
    both = (ahead > 0) & (back > 0)
    if not both.any():
        return math.nan
    n, m = ahead[both], back[both]
    u = first + width * np.flatnonzero(both) + np.log(middles[both] / n)  # log of the mean of w in the bin
    seen = n * m / (n + m)
    return float((seen * (u - np.log(m / len(reverse)) + np.log(n / len(forward)))).sum() / seen.sum())


def _logistic(x: Array) -> Array:
    return np.asarray((1 + np.tanh(x / 2)) / 2)
