"""Gauge-invariant numbers made of site matrices."""

import torch
from torch import Tensor

__all__ = ["frobenius", "normalised_trace"]


def normalised_trace(w: Tensor) -> Tensor:
    """``(1/N) tr W``, complex: ``(..., N, N)`` to ``(...)``."""
    return w.diagonal(dim1=-2, dim2=-1).sum(-1) / w.shape[-1]


def frobenius(a: Tensor, b: Tensor) -> Tensor:
    """``(1/N) Re tr(A^dagger B)``, real: ``(..., N, N)`` to ``(...)``."""
    parts = torch.view_as_real(a.resolve_conj()) * torch.view_as_real(b.resolve_conj())
    return parts.sum((-3, -2, -1)) / a.shape[-1]
