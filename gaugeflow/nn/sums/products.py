"""The sum over pairs ``sum_jk alpha_ijk A_j B_k`` at every site, the hot loop of the network.

The weights are contracted with B first, ``C_ij = sum_k alpha_ijk B_k`` (one real matrix product), and then the block
row of A is multiplied with the block matrix C (one batched product): I x J matrices of a site are held where the
products of all pairs are J x K, with K ten times I in four dimensions. Sites are taken in chunks whose C stays small.
"""

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from gaugeflow.nn.sums.rows import dagger_rows, mix

__all__ = ["pair_sum"]

CHUNK_BYTES = 1 << 22
"""Size of C in one chunk: it should stay near the processor; on a GPU the factor below fills the device."""
DEVICE_FACTOR = 256


def pair_sum(
    left: Tensor, right: Tensor, weight: Tensor, adjoints: bool = True, unit: bool = True, recompute: bool = False
) -> Tensor:
    """``out_i = sum_jk alpha_ijk A_j B_k``, where A and B run over matrices, their adjoints, and the unit matrix.

    Args:
        left: ``(batch, *shape, N, Ca, N)``, block rows of the A.
        right: ``(batch, *shape, N, Cb, N)``, block rows of the B.
        weight: real ``(I, J, K)`` with ``J = (1 or 2) Ca + (0 or 1)`` in the order matrices, adjoints, unit; K alike.
        adjoints: whether A and B include the Hermitian conjugates.
        unit: whether they include the unit matrix.
        recompute: compute C once more in the backward pass instead of keeping it.

    Returns:
        Block rows ``(batch, *shape, N, I, N)``.
    """
    lead = left.shape[:-3]
    a, b = left.flatten(0, -4), right.flatten(0, -4)
    held = weight.shape[0] * weight.shape[1] * left.shape[-1] ** 2 * left.element_size()
    sites = max(1, CHUNK_BYTES * (1 if left.device.type == "cpu" else DEVICE_FACTOR) // held)

    def one(a: Tensor, b: Tensor, weight: Tensor) -> Tensor:
        return _chunk(a, b, weight, adjoints, unit)

    parts = [
        checkpoint(one, *pair, weight, use_reentrant=False, preserve_rng_state=False)
        if recompute
        else one(*pair, weight)
        for pair in zip(a.split(sites), b.split(sites), strict=True)
    ]
    return torch.cat(parts).unflatten(0, lead)


def _chunk(a: Tensor, b: Tensor, weight: Tensor, adjoints: bool, unit: bool) -> Tensor:
    """Some sites: ``(S, N, Ca, N)`` and ``(S, N, Cb, N)`` to ``(S, N, I, N)``."""
    n, k = b.shape[-1], b.shape[-2]
    alpha = weight.transpose(0, 1).to(b.real.dtype)  # (J, I, K)
    j, i = alpha.shape[:2]
    kinds = torch.stack(alpha[..., : 2 * k if adjoints else k].split(k, -1))  # (1 or 2, J, I, Cb)
    mixed = mix(kinds.flatten(0, 2), b).unflatten(0, (-1, j, i)).unbind()  # 1 or 2 of (J, I, S, N, N)
    blocks = mixed[0] + mixed[1].mH if adjoints else mixed[0]
    if unit:
        blocks = blocks + alpha[..., -1, None, None, None] * torch.eye(n, dtype=b.dtype, device=b.device)
    columns = blocks.permute(2, 0, 3, 1, 4).flatten(3)  # (S, J, N, I N)
    row = torch.cat((a, dagger_rows(a)), -2).flatten(-2) if adjoints else a.flatten(-2)  # (S, N, C N)
    factors = columns.split([j - 1, 1] if unit else [j], 1)
    out = row @ factors[0].flatten(1, 2)
    if unit:
        out = out + factors[1].squeeze(1)
    return out.unflatten(-1, (i, n))
