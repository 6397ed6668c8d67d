"""Local energies for the gradient: outliers drawn to the median. Reported energies are never clipped."""

import torch
from torch import Tensor

__all__ = ["clip_about_median"]


def clip_about_median(energies: Tensor, width: float) -> Tensor:
    """Energies ``(batch,)`` clipped to ``median +- width mean|E - median|``, as in arXiv:1909.02487."""
    median = energies.median()
    reach = width * (energies - median).abs().mean()
    return torch.minimum(torch.maximum(energies, median - reach), median + reach)
