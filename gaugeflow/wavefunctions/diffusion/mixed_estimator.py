"""The energy of populations of fixed size from their generations."""

import numpy as np

from gaugeflow.montecarlo.errors import Estimate, by_chain, derived

__all__ = ["mixed_estimate", "population_weights"]


def population_weights(growth: np.ndarray, duration: np.ndarray, memory: float) -> np.ndarray:
    """``G_n = prod w_j`` over the generations j of the imaginary time `memory` up to n, relative to their mean.

    A population of fixed size forgets its mean weights, which biases means by order 1/W. The products give them back
    (M. Calandra Buonaura and S. Sorella, Phys. Rev. B 57 (1998) 11446): the bias falls with
    the memory as the correlations of the weights do, and the noise grows with it.

    Args:
        growth: growth estimators of the generations, ``(n,)``, or ``(G, n)`` of G populations.
        duration: tau_eff of the generations, of the same shape.
        memory: in 1/Hartree.

    Returns:
        Of the same shape, 1 in the mean over all.
    """
    logs = np.cumsum(-duration * (growth - growth.mean()), -1)
    logs = np.concatenate((np.zeros_like(logs[..., :1]), logs), -1)
    window = int(np.ceil(memory / duration.mean()))
    last = np.arange(1, logs.shape[-1])
    weights = np.exp(logs[..., last] - logs[..., np.maximum(last - window, 0)])
    return weights / weights.mean()


def mixed_estimate(
    energy: np.ndarray, growth: np.ndarray, duration: np.ndarray, memory: float, measured: int = 0
) -> Estimate:
    """``<psi|H|phi> / <psi|phi>`` with its error.

    For the energy it is that of phi, the lowest state with the nodes of psi; for another quantity a mixed estimator is
    not its expectation in phi.

    The error of independent populations is that of their spread. That of one population is by the Gamma method on the
    means of its generations. It is too small where walkers move fast among places between which they change slowly:
    most of the correlations are then short, and those which are left too weak to be seen in the series.

    Args:
        energy, growth, duration: of the generations, ``(n,)``, or ``(G, n)`` of G independent populations.
        memory: in 1/Hartree, see `population_weights`.
        measured: the first generation that counts; those in front of it count as memory only.
    """
    weights = population_weights(growth, duration, memory)[..., measured:]
    over = by_chain if len(np.atleast_2d(weights)) > 1 else derived
    return over(lambda top, bottom: top / bottom, weights * energy[..., measured:], weights)
