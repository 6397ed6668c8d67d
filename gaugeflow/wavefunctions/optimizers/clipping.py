"""Local energies for the gradient: outliers drawn to the median. Reported energies are never clipped."""

import torch
from torch import Tensor

__all__ = ["clip_about_median"]


ROUNDING = 1e-9
"""Of a sum of weights."""


def clip_about_median(energies: Tensor, width: float, weights: Tensor | None = None) -> Tensor:
    """Energies ``(batch,)`` clipped to ``median +- width mean|E - median|``, as in arXiv:1909.02487.

    Median and mean are those of samples with weights of the sum 1, if they have any. Real and imaginary parts of
    complex energies are clipped each about its own.
    """
    if energies.is_complex():
        return torch.complex(*(clip_about_median(part, width, weights) for part in (energies.real, energies.imag)))
    w = torch.full_like(energies, 1 / len(energies)) if weights is None else weights.to(energies)
    ordered, places = energies.sort()
    median = ordered[int(torch.searchsorted(w[places].double().cumsum(0), 0.5 - ROUNDING))]
    reach = width * (w @ (energies - median).abs())
    return torch.minimum(torch.maximum(energies, median - reach), median + reach)
