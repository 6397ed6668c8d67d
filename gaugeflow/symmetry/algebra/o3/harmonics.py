"""Real spherical harmonics as polynomials of the coordinates."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from gaugeflow.symmetry.algebra.o3.clebsch_gordan import clebsch_gordan

__all__ = ["spherical_harmonics"]

_SQUARED_NORM = {
    "norm": lambda l: 1.0,
    "component": lambda l: 2.0 * l + 1,
    "integral": lambda l: (2 * l + 1) / (4 * math.pi),
}


def spherical_harmonics(l: int, r: Tensor, normalize: bool = True, normalization: str = "integral") -> Tensor:
    """Y_l(r) `(..., 2 l + 1)` of vectors r `(..., 3)`, with Y_l(R r) = D_l(R) Y_l(r) for the D_l of `wigner_d`.

    With `normalize` of ``r / |r|``, without it a polynomial of degree l. The sum of squares on the unit sphere is 1
    ("norm"), 2 l + 1 ("component") or (2 l + 1) / 4 pi ("integral": orthonormal functions).
    """
    if l < 0 or r.shape[-1:] != (3,) or normalization not in _SQUARED_NORM:
        raise ValueError(
            f"expected l of 0 or more, vectors (..., 3) and one of {', '.join(_SQUARED_NORM)}, got l = {l}, "
            f"{tuple(r.shape)}, {normalization!r}"
        )
    r = torch.nn.functional.normalize(r, dim=-1) if normalize else r
    y = torch.ones_like(r[..., :1])
    for k in range(1, l + 1):
        c = clebsch_gordan(k - 1, 1, k)
        # at the pole y all components but m = 0 vanish, and m = 0 is one
        y = torch.einsum("...a,...b,abc->...c", y, r, (c / c[k - 1, 1, k]).to(r))
    return y * _SQUARED_NORM[normalization](l) ** 0.5
