"""Mistakes with the functions of a basis of atomic orbitals."""

from __future__ import annotations

import torch

from gaugeflow.symmetry.actions.orbital_matrices import OrbitalMatrices
from gaugeflow.symmetry.breakers.base import on_output


@on_output("functions of a shell in another order", "the functions of each shell are read backwards", OrbitalMatrices)
def _(matrices: OrbitalMatrices) -> OrbitalMatrices:
    places = torch.arange(matrices.data.shape[1], device=matrices.data.device)
    order = torch.cat([shell.flip(0) for shell in places.split(matrices.extents)])
    return matrices.with_data(matrices.data[:, order][:, :, order])


@on_output("one entry of a matrix scaled", "the last entry counts more: another normalisation", OrbitalMatrices)
def _(matrices: OrbitalMatrices) -> OrbitalMatrices:
    data = matrices.data.clone()
    data[:, -1, -1] = 1.2 * data[:, -1, -1]
    return matrices.with_data(data)
