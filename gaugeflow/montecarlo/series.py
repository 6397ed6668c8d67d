"""Samples of several chains, all of one length or each of its own."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from gaugeflow.errors import UserError

__all__ = ["Chains", "Samples", "all_equal", "as_chains", "as_numpy", "shape_of", "shortest", "sizes"]

Samples = ArrayLike | torch.Tensor | Sequence[NDArray[np.float64]]
Chains = list[NDArray[np.float64]]
"""One array for each chain."""
STILL = 1e-13
"""Of its size: a series that moves less moves by rounding alone."""


def as_numpy(samples: Samples) -> ArrayLike:
    """An array of what may be a tensor."""
    return samples.detach().cpu().numpy() if isinstance(samples, torch.Tensor) else samples


def as_chains(samples: Samples) -> Chains:
    """Real samples ``(chains, n)`` or ``(n,)``, or a list of chains. Raises UserError for others, and for NaN."""
    if _is_ragged(samples):
        return [as_chains(one)[0] for one in samples]  # type: ignore[union-attr]
    values = np.asarray(as_numpy(samples))
    if np.iscomplexobj(values):
        raise UserError("expected real samples, got complex ones: see estimate_complex")
    if values.ndim not in (1, 2) or values.size == 0:
        raise UserError(f"expected samples of shape (chains, n) or (n,), not empty; got shape {values.shape}")
    chains = np.atleast_2d(values).astype(np.float64)
    if not np.isfinite(chains).all():
        chain, index = np.argwhere(~np.isfinite(chains))[0]
        raise UserError(f"expected finite samples, got {chains[chain, index]} in chain {chain} at index {index}")
    return [*chains]


def _is_ragged(samples: Samples) -> bool:
    """Whether these are chains of different lengths."""
    return isinstance(samples, list) and len({np.shape(one) for one in samples}) > 1


def shape_of(chains: Chains) -> tuple[int, ...]:
    """(chains, n), or the lengths of all chains where they differ."""
    lengths = [len(one) for one in chains]
    return (len(chains), lengths[0]) if len(set(lengths)) == 1 else tuple(lengths)


def shortest(chains: Chains) -> int:
    """Samples of the shortest chain."""
    return min(map(len, chains))


def all_equal(chains: Chains) -> bool:
    """But for rounding."""
    values = np.concatenate(chains)
    return bool(np.ptp(values) <= STILL * abs(values).max())


def sizes(chains: Chains) -> tuple[int, int]:
    """The number of all samples, and that of the chains."""
    return sum(map(len, chains)), len(chains)
