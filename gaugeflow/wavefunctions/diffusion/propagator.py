"""One step of importance-sampled diffusion: drift, diffusion, accept or reject, and the weight of what is left.

C. J. Umrigar, M. P. Nightingale and K. J. Runge, J. Chem. Phys. 99 (1993) 2865 (UNR), with all electrons moved at once.
The drift ``V = grad log|psi|`` and the local energy diverge at the nodes of psi. There a step of finite length knows
neither where the drift leads nor what the mean of the energy on its way is, so both are limited:

    Vbar = 2 V / (1 + sqrt(1 + 2 a V^2 tau))            for each particle, at most sqrt(2 / (a tau)),
    S    = (E_ref - E_L) |Vbar| / |V|                   with the lengths in all coordinates.

Both limits vanish with the time step.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from gaugeflow.wavefunctions.diffusion.guide import Guide, Guided

__all__ = ["Moved", "limited_drift", "log_weights", "moved"]

LIMIT = 0.5
"""The number a of UNR, between 0 and 1."""


class Moved(NamedTuple):
    """Populations after a step.

    Attributes:
        walkers: the new ones, old where a move was rejected.
        acceptance: the probability of each move, ``(K, W)``; 0 across a node.
        crossed: which proposals lay across a node, ``(K, W)``.
        lost: which proposals had no finite wavefunction or local energy and were rejected, ``(K, W)``.
        effective: UNR's effective time step over the nominal one: squared diffusion accepted over proposed, ``(K,)``.
    """

    walkers: Guided
    acceptance: Tensor
    crossed: Tensor
    lost: Tensor
    effective: Tensor


def limited_drift(drift: Tensor, time_step: Tensor) -> Tensor:
    """Vbar of each particle, ``(K, W, n, d)``, for the time steps ``(K,)``."""
    grown = 2 * LIMIT * drift.square().sum(-1, keepdim=True) * time_step[:, None, None, None]
    return 2 * drift / (1 + (1 + grown).sqrt())


def moved(walkers: Guided, time_step: Tensor, guide: Guide, generator: torch.Generator) -> Moved:
    """``R' = R + tau Vbar(R) + sqrt(tau) xi``, accepted by Metropolis's rule for ``psi^2``, never across a node.

    Args:
        walkers: populations ``(K, W, n, d)``.
        time_step: of each population in 1/Hartree, ``(K,)``.
    """
    tau, x = time_step[:, None, None, None], walkers.x
    noise = tau.sqrt() * torch.randn(x.shape, generator=generator, dtype=x.dtype, device=x.device)
    proposed = _guided(guide, x + tau * limited_drift(walkers.drift, time_step) + noise)
    back = x - proposed.x - tau * limited_drift(proposed.drift, time_step)
    towards, backwards = (step.square().sum((2, 3)) / (2 * time_step[:, None]) for step in (noise, back))
    ratio = (2 * (proposed.log - walkers.log) + towards - backwards).exp()
    lost = ~torch.isfinite(ratio + proposed.energy)
    crossed = ~lost & (proposed.sign * walkers.sign <= 0)
    acceptance = torch.where(lost | crossed, 0.0, ratio.clamp(max=1))
    draw = torch.rand(ratio.shape, generator=generator, dtype=ratio.dtype, device=ratio.device)
    diffused = noise.square().sum((2, 3))
    effective = (acceptance * diffused).sum(1) / diffused.sum(1)
    return Moved(proposed.where(draw < acceptance, walkers), acceptance, crossed, lost, effective)


def log_weights(before: Guided, after: Guided, time_step: Tensor, effective: Tensor, reference: Tensor) -> Tensor:
    """``log w = tau_eff (S(R) + S(R')) / 2`` of each walker, ``(K, W)``.

    Args:
        time_step: tau ``(K,)``, which limits the local energies.
        effective: tau_eff ``(K,)``, which is the time that has passed.
        reference: E_ref of each population, ``(K,)``.
    """
    first, last = ((part.energy - reference[:, None]) * _limit(part.drift, time_step) for part in (before, after))
    return -0.5 * effective[:, None] * (first + last)


def _limit(drift: Tensor, time_step: Tensor) -> Tensor:
    """``|Vbar| / |V|``, 1 where there is no drift."""
    whole, limited = (v.square().sum((2, 3)) for v in (drift, limited_drift(drift, time_step)))
    return torch.where(whole == 0, 1.0, limited / whole).sqrt()


def _guided(guide: Guide, x: Tensor) -> Guided:
    """Of populations ``(K, W, n, d)``, all walkers in one pass."""
    return Guided(*(part.unflatten(0, x.shape[:2]) for part in guide(x.flatten(0, 1))))
