"""Random group elements with torch alone: Haar-distributed U(1) angles, SU(N) and O(d) matrices."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

__all__ = ["haar", "haar_orthogonal", "restore_group"]


def haar(size: Sequence[int], n: int, generator: torch.Generator, abelian: bool = False) -> Tensor:
    """Haar-distributed SU(n) matrices `(*size, n, n)` in complex128, or angles `size` in float64.

    QR of a Ginibre matrix with the phases of R moved into Q (arXiv:math-ph/0609050), divided by the n-th root of
    its determinant.
    """
    if abelian:
        return (2 * torch.rand(tuple(size), dtype=torch.float64, generator=generator) - 1) * math.pi
    ginibre = torch.randn((*size, n, n, 2), dtype=torch.float64, generator=generator)
    q, r = torch.linalg.qr(torch.view_as_complex(ginibre))
    phases = torch.diagonal(r, dim1=-2, dim2=-1)
    q = q * (phases / phases.abs()).unsqueeze(-2)
    return q / torch.linalg.det(q)[..., None, None].pow(1 / n)


def haar_orthogonal(size: int, d: int, generator: torch.Generator, reflections: bool) -> Tensor:
    """Haar-distributed O(d) matrices `(size, d, d)` in float64, of determinant one without `reflections`."""
    q, r = torch.linalg.qr(torch.randn((size, d, d), dtype=torch.float64, generator=generator))
    q = q * torch.diagonal(r, dim1=-2, dim2=-1).sign().unsqueeze(-2)
    if reflections:
        return q
    flip = torch.ones(size, d, dtype=torch.float64)
    flip[:, 0] = torch.linalg.det(q).sign()
    return q * flip.unsqueeze(-1)


def restore_group(u: Tensor) -> Tensor:
    """Unitary matrices of determinant one nearest to `u`, if `u` is off the group by rounding in float32 only."""
    identity = torch.eye(u.shape[-1], dtype=u.dtype, device=u.device)
    off = (u @ u.mH - identity).abs().amax()
    if not 1e-13 < off < 1e-4:
        return u
    left, _, right = torch.linalg.svd(u)
    q = left @ right
    return q / torch.linalg.det(q)[..., None, None].pow(1 / u.shape[-1])
