"""The energy of a population of fixed size from its generations."""

import numpy as np

from gaugeflow.montecarlo.errors import Estimate, derived

__all__ = ["mixed_estimate", "population_weights"]


def population_weights(growth: np.ndarray, duration: np.ndarray, memory: float) -> np.ndarray:
    """``G_n = prod w_j`` over the generations j of the imaginary time `memory` up to n, relative to their mean.

    A population of fixed size forgets its mean weights, which biases means by order 1/W. The products give them back
    (M. Calandra Buonaura and S. Sorella, Phys. Rev. B 57 (1998) 11446): the bias falls with
    the memory as the correlations of the weights do, and the noise grows with it.

    Args:
        growth: growth estimators of the generations, ``(n,)``.
        duration: tau_eff of the generations, ``(n,)``.
        memory: in 1/Hartree.

    Returns:
        ``(n,)``, 1 in the mean.
    """
    logs = np.concatenate(([0.0], np.cumsum(-duration * (growth - growth.mean()))))
    window = int(np.ceil(memory / duration.mean()))
    last = np.arange(1, len(logs))
    weights = np.exp(logs[last] - logs[np.maximum(last - window, 0)])
    return weights / weights.mean()


def mixed_estimate(
    energy: np.ndarray, growth: np.ndarray, duration: np.ndarray, memory: float, measured: int = 0
) -> Estimate:
    """``<psi|H|phi> / <psi|phi>`` with its error by the Gamma method on the means of the generations.

    For the energy it is that of phi, the lowest state with the nodes of psi; for another quantity a mixed estimator is
    not its expectation in phi.

    Args:
        energy, growth, duration: of the generations, ``(n,)``.
        memory: in 1/Hartree, see `population_weights`.
        measured: the first generation that counts; those in front of it count as memory only.
    """
    weights = population_weights(growth, duration, memory)[measured:]
    return derived(lambda top, bottom: top / bottom, weights * energy[measured:], weights)
