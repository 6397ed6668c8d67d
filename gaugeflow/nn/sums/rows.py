"""The layout in which layers multiply: the channels of a site as one block row ``[W_1 | W_2 | ... | W_C]``.

Fields are ``(batch, channels, *shape, N, N)``, block rows ``(batch, *shape, N, channels, N)``. In a block row the
product with a matrix from the left is one ``(N x N)(N x C N)`` product, from the right one ``(N C x N)(N x N)``
product, and a sum over channels of products is one ``(N x C N)(C N x N)`` product: large batched products, no copies.
"""

import torch
from torch import Tensor

__all__ = ["block_rows", "dagger_rows", "from_rows", "mix", "mix_channels"]


def block_rows(w: Tensor) -> Tensor:
    """``(batch, C, *shape, N, N)`` to ``(batch, *shape, N, C, N)``."""
    return w.resolve_conj().movedim(1, -2)


def from_rows(rows: Tensor) -> Tensor:
    """Inverse of :func:`block_rows`."""
    return rows.movedim(-2, 1)


def dagger_rows(rows: Tensor) -> Tensor:
    """Every matrix of a block row ``(..., N, C, N)`` by its Hermitian conjugate."""
    return rows.transpose(-3, -1).conj()


def mix(weight: Tensor, rows: Tensor) -> Tensor:
    """Real linear combinations of channels: ``(M, C)`` and block rows ``(..., N, C, N)`` to ``(M, ..., N, N)``.

    One product of real matrices; the result has the channels in front.
    """
    flat = torch.view_as_real(rows.movedim(-2, 0).contiguous())  # (C, ..., N, N, 2)
    mixed = weight.to(flat.dtype) @ flat.flatten(1)
    return torch.view_as_complex(mixed.unflatten(1, flat.shape[1:]))


def mix_channels(weight: Tensor, w: Tensor) -> Tensor:
    """Real linear combinations of channels: ``(M, C)`` and a field ``(batch, C, ...)`` to ``(batch, M, ...)``."""
    flat = torch.view_as_real(w.resolve_conj().contiguous())
    mixed = weight.to(flat.dtype) @ flat.flatten(2)
    return torch.view_as_complex(mixed.unflatten(2, flat.shape[2:]))
