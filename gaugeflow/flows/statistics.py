"""What importance weights `w = exp(-S) / q` say: effective sample size, log Z, reweighted means, with errors."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.montecarlo.errors import Estimate, derived

__all__ = ["Weights", "batch_ess", "both_directions", "forward_ess", "forward_log_z"]

Array = NDArray[np.float64]

FEWEST = 20.0
"""Effective samples below which no number with an error can be given."""
LARGEST = 0.1
"""Share of the sum above which one weight decides over everything."""


@dataclass(frozen=True)
class Weights:
    """Weights of independent samples of a flow.

    Args:
        log: `log w` of each sample, `(n,)`, without the normalisation of the target.

    Raises:
        UserError: a weight that is NaN or infinite (a sample of weight 0, `-inf`, is allowed), or fewer than 5.
    """

    log: Array

    def __post_init__(self) -> None:
        bad = np.flatnonzero(np.isnan(self.log) | (self.log == np.inf))
        if bad.size:
            raise UserError(f"weights: expected finite log w, got {self.log[bad[0]]} at sample {bad[0]}")
        if self.log.ndim != 1 or self.log.size < 5 or not np.isfinite(self.log.max()):
            raise UserError(f"weights: expected 5 or more samples with a weight, got shape {self.log.shape}")

    @property
    def scaled(self) -> Array:
        """`w` over the largest weight."""
        return np.exp(self.log - self.log.max())

    def ess(self) -> Estimate:
        """Effective samples per sample, `(sum w)^2 / (n sum w^2)`, between 1/n and 1."""
        w = self.scaled
        return derived(lambda a, b: a * a / b, w, w * w)

    def log_z(self) -> Estimate:
        """`log Z = log <w>`."""
        found = derived(np.log, self.scaled)
        return _shifted(found, float(self.log.max()))

    def kl(self) -> Estimate:
        """`<log w>`: below `log Z` by the reverse Kullback-Leibler distance."""
        return derived(lambda a: a, self.log)

    def mean(self, samples: Array) -> Estimate:
        """`<w O> / <w>`, the mean of O in the target; `samples` `(n,)`."""
        w = self.scaled
        return derived(lambda a, b: a / b, w * samples, w)

    def collapse(self) -> str:
        """Why no number from these weights can be trusted; empty where nothing speaks against it."""
        w = self.scaled
        effective, largest = w.sum() ** 2 / (w * w).sum(), w.max() / w.sum()
        if effective < FEWEST:
            return f"{w.size} samples are worth {effective:.1f} independent ones"
        if largest > LARGEST:
            return f"one sample of {w.size} has {100 * largest:.0f} % of all weight"
        return ""


def batch_ess(log_weights: Tensor) -> float:
    """Effective samples per sample of one batch, `(n,)`: for watching a training, as it is biased upward."""
    log_w = log_weights.detach().double()
    return float((2 * log_w.logsumexp(0) - (2 * log_w).logsumexp(0)).exp()) / len(log_w)


def forward_ess(log_weights: Array) -> Estimate:
    """The effective samples per sample of q, from samples of the target: `1 / (<w> <1/w>)`.

    With <.> over the target, `<1/w> = 1/Z` and `<w> = E_q[w^2] / Z`. Where q misses a mode of p the samples there have
    large w, which `Weights.ess` cannot see.

    Args:
        log_weights: `(chains, n)` of a Markov chain, or `(n,)`.
    """
    shifted = log_weights - np.median(log_weights)
    with np.errstate(over="ignore"):
        w, inverse = np.exp(shifted), np.exp(-shifted)
    if not (np.isfinite(w).all() and np.isfinite(inverse).all()):
        return Estimate(0.0, math.nan, math.nan, math.nan, math.nan, log_weights.size, 1, math.nan, "weights overflow")
    return derived(lambda a, b: 1 / (a * b), w, inverse)


def both_directions(reverse: float, samples: int, forward: float, samples_forward: int) -> tuple[float, float]:
    """Errors of the effective sample size in both directions, each at least what the other's spread makes of its count.

    Where weights are heavy-tailed, a sample that has not met the tail underrates its own error; the other direction
    may have met it.

    Args:
        reverse: error of `Weights.ess`, from `samples` samples of the flow.
        samples: their number.
        forward: error of `forward_ess`, from `samples_forward` samples of the target.
        samples_forward: their number.
    """
    spread = max(reverse * math.sqrt(samples), forward * math.sqrt(samples_forward))
    return spread / math.sqrt(samples), spread / math.sqrt(samples_forward)


def forward_log_z(log_weights: Array) -> Estimate:
    """`log Z = -log <1/w>` over samples of the target, `(chains, n)` or `(n,)`."""
    smallest = float(log_weights.min())
    return _shifted(derived(lambda a: -np.log(a), np.exp(smallest - log_weights)), smallest)


def _shifted(found: Estimate, shift: float) -> Estimate:
    return Estimate(**{**vars(found), "value": found.value + shift})
