"""Open boundaries in time."""

from dataclasses import dataclass

import torch
from torch import Tensor

from gaugeflow.kernels import Path
from gaugeflow.kernels.tables import visited_links

__all__ = ["OpenTime"]


@dataclass(frozen=True)
class OpenTime:
    """The factors of an action whose last time slice does not join the first, arXiv:1105.4749.

    A loop that passes a link from the last slice to the first has factor 0. A loop that lies in one of these two
    slices has factor 1/2, as there is space on one side of it alone. All others have 1.
    """

    def __call__(self, shape: tuple[int, ...], loop: Path) -> Tensor:
        """The factor of `loop` from each site, float64 ``shape``; see :class:`~gaugeflow.kernels.Profile`."""
        ndim, extent = len(shape), shape[-1]
        time = torch.arange(extent)
        factor = torch.ones(extent, dtype=torch.float64)
        links = list(visited_links(loop, [0] * ndim))
        for axis, _, place in links:
            if axis == ndim - 1:
                factor[(time + place[-1]) % extent == extent - 1] = 0
        if all(axis < ndim - 1 for axis, _, _ in links):
            factor[(time == 0) | (time == extent - 1)] = 0.5
        return factor.expand(shape).clone()
