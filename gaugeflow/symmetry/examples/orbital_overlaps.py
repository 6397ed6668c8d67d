"""Overlaps of atomic orbitals, summed over the places of the nuclei instead of integrated."""

from __future__ import annotations

import torch
from torch import Tensor

from gaugeflow.symmetry.actions.orbital_matrices import Shells

__all__ = ["BENT", "KINDS", "SHELLS", "summed_overlaps"]

BENT = ((0.0, 0.0, 0.1), (0.0, 1.4, -1.0), (0.2, -1.5, -0.9))
"""The places of three atoms, the last two of one kind."""
KINDS = (8, 1, 1)
SHELLS: Shells = ((0, 1, 2), (0, 1), (0, 1))


def summed_overlaps(r: Tensor) -> Tensor:
    """Positions `(batch, 3, 3)` to matrices `(batch, 17, 17)` of `SHELLS`: sum_k chi_i(r_k) chi_j(r_k).

    The functions chi of a shell are Gaussians times x, y, z for p, and times xy, yz, 2 z^2 - x^2 - y^2, xz, x^2 - y^2
    with their norms for d: the order of PySCF.
    """
    columns = []
    for atom, shells in enumerate(SHELLS):
        apart = r - r[:, atom : atom + 1]
        x, y, z = apart.unbind(2)
        squared = apart.square().sum(2)
        d = (x * y, y * z, (3 * z.square() - squared) / 12**0.5, x * z, (x.square() - y.square()) / 2)
        polynomials = {0: (torch.ones_like(x),), 1: (x, y, z), 2: d}
        for l in shells:
            envelope = torch.exp(-squared / (4 + KINDS[atom]))
            columns += [polynomial * envelope for polynomial in polynomials[l]]
    chi = torch.stack(columns, 2)  # (batch, places, functions)
    return chi.mT @ chi
