"""How Pfaffians begin in a state without correlation."""

import torch
from torch import Tensor

from gaugeflow.wavefunctions.ansatz.pfaffians import Pfaffians
from gaugeflow.wavefunctions.particles import Particles

__all__ = ["begin_in_pairs", "pair_columns"]


def pair_columns(orbitals: Tensor, pairs: int, particles: Particles, pairing: int, border: int = 0) -> Tensor:
    """Columns ``(2, sites, pairing + border)``: pairs, then the majority's particles without a partner, then zeros;
    the first `border` of those without a partner stand at the end. The pairs that count most are of the size 1.

    Args:
        orbitals: ``(2, sites, k)``, as of a `MeanField`; of `pairs` as many are taken as there is place for.
    """
    kept, alone, majority = _counts(pairs, particles, pairing, border)
    found = torch.zeros(2, orbitals.shape[1], pairing + border, dtype=orbitals.dtype)
    found[..., :kept] = orbitals[..., :kept] / orbitals[..., : min(particles.counts)].norm(dim=1).log().mean().exp()
    single = orbitals[majority, :, pairs : pairs + border + alone]
    found[majority, :, kept : kept + alone] = single[:, border:]
    found[majority, :, pairing:] = single[:, :border]
    return found


@torch.no_grad()
def begin_in_pairs(psi: Pfaffians, pairs: int) -> None:
    """Gives all terms the coefficients of a state whose orbitals are those of `pair_columns`: each pair counts once,
    and what has no partner of the other spin and no place in the border is paired among itself."""
    border = psi.unpaired
    kept, alone, majority = _counts(pairs, psi.particles, psi.pairing, border)
    psi.unlike.zero_().diagonal(dim1=-2, dim2=-1)[..., :kept] = 1.0
    if psi.like is not None:
        psi.like.zero_()
        for column in range(kept, kept + alone, 2):
            psi.like[majority, :, column, column + 1] = 1.0


def _counts(pairs: int, particles: Particles, pairing: int, border: int) -> tuple[int, int, int]:
    """How many pairs, how many others beside the border, and which spin these have."""
    alone = abs(particles.n_up - particles.n_down) - border
    return min(pairs, pairing - alone), alone, int(particles.n_down > particles.n_up)
