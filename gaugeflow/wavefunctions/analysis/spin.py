"""The total spin of a wavefunction whose first particles are spin up."""

import torch

from gaugeflow.wavefunctions.analysis.identity import Identity, absent, found
from gaugeflow.wavefunctions.analysis.sampled import Sampled

__all__ = ["total_spin"]


def total_spin(sampled: Sampled) -> Identity:
    """The local ``S^2 = M (M + 1) + n_less - sum_ij psi(P_ij x) / psi(x)`` over pairs of unlike spin, M = |n_up -
    n_down| / 2 and n_less the smaller number: psi with the coordinates of i and j exchanged.

    Expected is S = M, the least that the spins allow, for which the sum has no variance.
    """
    particles = sampled.particles
    if particles.bosons:
        return absent("spin", "S^2 = S(S+1)", "expected fermions, bosons have no spin here")
    m, less = abs(particles.n_up - particles.n_down) / 2, min(particles.counts)
    local = torch.full_like(sampled.here.log, m * (m + 1) + less)
    for i in range(particles.n_up):
        for j in range(particles.n_up, particles.n):
            exchanged = sampled.x.clone()
            exchanged[:, [i, j]] = sampled.x[:, [j, i]]
            local = local - sampled.ratio(exchanged)
    return found("spin", f"S^2 = S(S+1) of S = {m:g}", sampled.by_walker(local), m * (m + 1), pure=True)
