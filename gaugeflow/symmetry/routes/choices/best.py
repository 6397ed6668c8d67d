"""Of candidates with scores, the best ones: alone and with all ties, or weighted so that the choice is continuous."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["ROUNDINGS", "best", "near_best"]

ROUNDINGS = 1e3


def best(scores: Tensor, tolerance: float = ROUNDINGS) -> tuple[Tensor, Tensor, Tensor]:
    """(entry, candidate, weight) of the largest scores `(batch, candidates)`, of the order of one.

    Candidates that are worse by at most `tolerance` machine epsilons are ties, all taken with equal weights: those
    that differ by an element of the stabiliser cannot be told apart.
    """
    gap = scores.detach().amax(1, keepdim=True) - scores.detach()
    return _listed((gap <= tolerance * torch.finfo(scores.dtype).eps).to(scores.dtype))


def near_best(scores: Tensor, width: float) -> tuple[Tensor, Tensor, Tensor]:
    """(entry, candidate, weight) of the scores `(batch, candidates)` less than `width` below the largest.

    The weights (1 - gap / width)^2, divided by their sum, are continuous in the scores: a candidate comes and goes
    with weight zero.
    """
    gap = scores.amax(1, keepdim=True) - scores
    return _listed((1 - gap / width).clamp(min=0).square())


def _listed(weight: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The candidates of positive weight, sorted by entry; the weights of each entry add up to one."""
    try:
        entry, candidate = (weight.detach() > 0).nonzero(as_tuple=True)
        _require_one_each(entry, len(weight))
    except RuntimeError:  # inside torch.func.vmap, where no shape may depend on numbers: all of them, some with none
        places = torch.arange(weight.numel(), device=weight.device)
        entry, candidate = places // weight.shape[1], places % weight.shape[1]
    return entry, candidate, (weight / weight.sum(1, keepdim=True))[entry, candidate]


def _require_one_each(entry: Tensor, batch: int) -> None:
    """A `ValueError` for an entry of which no candidate has a score that is a number."""
    empty = (torch.bincount(entry, minlength=batch) == 0).nonzero().flatten().tolist()
    if empty:
        raise ValueError(
            f"no element can be chosen for entry {empty[0]}: its scores are no numbers, as of NaN in the input, or of "
            "points on a line through their centre, which have no frame"
        )
