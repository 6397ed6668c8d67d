"""What is measured in a state of fermions on sites, as sums of products of operators or from configurations alone."""

import math

import numpy as np
import torch
from torch import Tensor

from gaugeflow.wavefunctions.occupation.lattices import Lattice
from gaugeflow.wavefunctions.occupation.operators import Factor, Operators

__all__ = ["double_occupancy", "structure_factors", "total_spin_operator"]


def total_spin_operator(sites: int, n_up: int, n_down: int) -> Operators:
    """``S^2 = S_z (S_z + 1) + sum_ij S-_i S+_j``, with eigenvalues S (S + 1)."""
    z = (n_up - n_down) / 2
    flips = [
        (1.0, (Factor(True, 1, i), Factor(False, 0, i), Factor(True, 0, j), Factor(False, 1, j)))
        for i in range(sites)
        for j in range(sites)
    ]
    return Operators([(z * (z + 1), ()), *flips], sites)


def double_occupancy(x: Tensor) -> Tensor:
    """The share of sites with two particles, of occupations ``(..., 2, sites)``: ``(...)``."""
    return (x[..., 0, :] * x[..., 1, :]).mean(-1)


def structure_factors(x: Tensor, lattice: Lattice) -> tuple[np.ndarray, Tensor, Tensor]:
    """Of spin and charge, ``S(q) = |sum_i exp(-i q r_i) a_i|^2 / sites`` at each momentum of the torus.

    ``a`` is ``n_up - n_down`` for the spin, and ``n_up + n_down`` less its mean over all sites for the charge.

    Args:
        x: occupations ``(..., 2, sites)``.

    Returns:
        Momenta ``(sites, d)`` in units of 2 pi, and both factors ``(..., sites)``.
    """
    momenta = lattice.momenta()
    angles = 2 * math.pi * torch.from_numpy(momenta @ lattice.places.T)
    waves = torch.polar(torch.ones_like(angles), -angles).mT
    spin, charge = x[..., 0, :] - x[..., 1, :], x.sum(-2)
    charge = charge - charge.mean(-1, keepdim=True)
    spins, charges = ((a.to(waves.dtype) @ waves).abs().square() / lattice.sites for a in (spin, charge))
    return momenta, spins, charges
