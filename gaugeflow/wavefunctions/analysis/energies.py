"""What an energy says together with its variance: a score that compares systems, and a line to zero variance."""

import numpy as np
from numpy.typing import ArrayLike

from gaugeflow.errors import UserError
from gaugeflow.wavefunctions.analysis.identity import Identity
from gaugeflow.wavefunctions.analysis.sampled import Sampled

__all__ = ["at_zero_variance", "v_score"]

FEWEST = 4
"""Points of a line whose scatter gives its own error."""


def v_score(sampled: Sampled) -> Identity:
    """``N Var / (E - E_inf)^2`` of arXiv:2302.04919, eq. (1), with ``E_inf = 0``: all particles at rest far apart, in a
    trap the bottom of it. Comparable among systems of one kind."""
    energies = sampled.energy
    value = sampled.particles.n * energies.var() / energies.mean().square()
    return Identity("V-score", "N Var / E^2, smaller is better", float(value))


def at_zero_variance(variances: ArrayLike, energies: ArrayLike) -> tuple[float, float, float]:
    """The end of the line of energies against variances at zero variance, where a state is exact.

    Args:
        variances: of the local energy at several stages of a training, ``(points,)``.
        energies: with it.

    Returns:
        The energy at zero variance, its error by the scatter about the line, and the slope.

    Raises:
        UserError: fewer than `FEWEST` points, or all of one variance.
    """
    x, y = (np.asarray(values, dtype=float) for values in (variances, energies))
    if len(x) < FEWEST or x.shape != y.shape or not np.ptp(x) > 0:
        raise UserError(f"zero variance: expected {FEWEST} points of different variance or more, came {x.shape}")
    (slope, end), covariance = np.polyfit(x, y, 1, cov=True)
    return float(end), float(np.sqrt(covariance[1, 1])), float(slope)
