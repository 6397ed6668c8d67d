"""Real Wigner matrices from the rotation matrix itself: no angles, so no poles at which digits are lost."""

from __future__ import annotations

import torch
from torch import Tensor

from gaugeflow.symmetry.algebra.o3.clebsch_gordan import clebsch_gordan

__all__ = ["wigner_d", "wigner_up_to"]


def wigner_d(l: int, rotation: Tensor) -> Tensor:
    """D_l(R) `(..., 2 l + 1, 2 l + 1)` of matrices R `(..., 3, 3)`, in their dtype and differentiable in them.

    D_l is a polynomial of degree l in R. So D_l(-R) = (-1)^l D_l(R): a reflection acts as on polynomials of the
    coordinates, of parity (-1)^l.
    """
    return wigner_up_to(l, rotation)[l]


def wigner_up_to(l_max: int, rotation: Tensor) -> list[Tensor]:
    """D_0 ... D_l_max of one rotation: D_l = C^T (D_(l - 1) x R) C, with the coupling C of l - 1 and 1 to l."""
    if l_max < 0 or rotation.shape[-2:] != (3, 3):
        raise ValueError(f"expected l of 0 or more and matrices (..., 3, 3), got l = {l_max}, {tuple(rotation.shape)}")
    matrices = [torch.ones_like(rotation[..., :1, :1]), rotation]
    for l in range(2, l_max + 1):
        c = (clebsch_gordan(l - 1, 1, l) * (2 * l + 1) ** 0.5).flatten(0, 1).to(rotation)
        both = torch.einsum("...ac,...bd->...abcd", matrices[-1], rotation).flatten(-4, -3).flatten(-2)
        matrices.append(c.mT @ both @ c)
    return matrices[: l_max + 1]
