"""Conjugacy classes of SU(N): ordered eigenangles, the simplex of their gaps, and the box onto which it is mapped.

A class has one representative with ``theta_1 <= ... <= theta_N``, ``sum theta = 0`` and ``theta_N - theta_1 <= 2 pi``:
a point of the Weyl alcove. In units of 2 pi its gaps, the last one being ``1 - (theta_N - theta_1)``, are
non-negative and add up to one. With ``c_j = theta_(j+1) - theta_1`` in these units the box coordinates are
``b_j = c_j / c_(j+1)`` for j < N - 1 and ``b_(N-1) = c_(N-1)``. Charge conjugation exchanges gap j with gap N - j.
"""

import math

import torch
from torch import Tensor

from gaugeflow.linalg import unitary_eig

__all__ = ["alcove", "angles", "from_box", "log_volume", "smallest_gap", "spans", "to_box"]


def smallest_gap(dtype: torch.dtype) -> float:
    """Gaps below this are taken for it, so that ratios of gaps have a meaning where eigenvalues coincide."""
    return torch.finfo(dtype).eps ** 0.75


def alcove(u: Tensor) -> tuple[Tensor, Tensor]:
    """Distances ``c``, ``(..., N - 1)`` ascending in (0, 1), and eigenvectors ``(..., N, N)`` in the same order.

    Differentiable as :func:`gaugeflow.linalg.unitary_eig` is. Coinciding eigenvalues are told apart by the smallest
    gap, with the derivatives that they would have without it.
    """
    theta, v = unitary_eig(u)
    n = theta.shape[-1]
    windings = torch.round(theta.sum(-1, keepdim=True) / (2 * math.pi))
    rank = torch.arange(n, device=theta.device)
    theta = torch.where(rank >= n - windings, theta - 2 * math.pi, theta)
    theta = torch.where(rank < -windings, theta + 2 * math.pi, theta)
    theta, order = theta.sort(-1)
    v = v.gather(-1, order[..., None, :].expand_as(v))
    gaps = theta.diff(dim=-1) / (2 * math.pi)
    gaps = torch.cat((gaps, 1 - gaps.sum(-1, keepdim=True)), -1)
    wide = gaps.detach().clamp_min(smallest_gap(theta.dtype))
    gaps = gaps + (wide / wide.sum(-1, keepdim=True) - gaps).detach()
    return gaps[..., :-1].cumsum(-1), v


def angles(c: Tensor) -> Tensor:
    """Eigenangles ``(..., N)`` of the representative, which add up to zero."""
    first = -c.sum(-1, keepdim=True) / (c.shape[-1] + 1)
    return 2 * math.pi * torch.cat((first, first + c), -1)


def to_box(c: Tensor) -> Tensor:
    """Box coordinates, each in (0, 1)."""
    return torch.cat((c[..., :-1] / c[..., 1:], c[..., -1:]), -1)


def from_box(b: Tensor) -> Tensor:
    """Inverse of :func:`to_box`: products of the coordinates from the last one on."""
    return b.flip(-1).cumprod(-1).flip(-1)


def spans(c: Tensor) -> Tensor:
    """``(theta_j - theta_i) / 2 pi`` for all i and j, antisymmetric: ``(..., N, N)``."""
    ends = torch.cat((torch.zeros_like(c[..., :1]), c), -1)
    return ends[..., None, :] - ends[..., :, None]


def log_volume(c: Tensor) -> Tensor:
    """Log of the Haar density in the box, up to a constant: ``prod_i<j sin^2(pi c_ij) prod_j>1 c_j``, ``(...)``."""
    n = c.shape[-1] + 1
    i, j = torch.triu_indices(n, n, 1, device=c.device)
    vandermonde = torch.sin(math.pi * spans(c)[..., i, j]).clamp_min(torch.finfo(c.dtype).tiny)
    return 2 * vandermonde.log().sum(-1) + c[..., 1:].log().sum(-1)
