"""Whether links lie in their group, as well as their precision allows."""

import torch
from torch import Tensor

from gaugeflow.lattice.observables import unitarity_violation

__all__ = ["TOLERANCE", "worst_violation"]

TOLERANCE = {32: 1e-5, 64: 1e-10}
"""How far links may be from the group, by bits: well above rounding after long runs, well below damage."""


def worst_violation(links: Tensor) -> float:
    """The largest ``|U U^dagger - 1|`` and ``|det U - 1|`` of all links; NaN if any number is not finite."""
    if links.numel() == 0:
        return 0.0
    finite = bool(torch.isfinite(links).all())
    return float(unitarity_violation(links.detach()).amax()) if finite else float("nan")
