"""A number for each plaquette."""

import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.kernels import Path
from gaugeflow.kernels.tables import visited_links
from gaugeflow.lattice.observables import planes

__all__ = ["PlaquetteWeights"]


class PlaquetteWeights:
    """Factors of the plaquettes, one for each; two of them are the same profile if they are the same object.

    Args:
        values: real ``(D (D - 1) / 2, *shape)``: of the plaquette in each plane, in the order (x,y), (x,z), ..., (z,t),
            from the site at its lowest corner.

    Raises:
        UserError: a value that is not finite; on use, another lattice, or a loop that is no plaquette.
    """

    def __init__(self, values: Tensor) -> None:
        if not bool(torch.isfinite(values).all()):
            raise UserError("plaquette weights: expected finite numbers")
        self.values = values.detach().double().cpu().clone()

    def __call__(self, shape: tuple[int, ...], loop: Path) -> Tensor:
        """The factor of `loop` from each site, float64 ``shape``; see :class:`~gaugeflow.kernels.Profile`."""
        found = planes(len(shape))
        if self.values.shape != (len(found), *shape):
            wanted = (len(found), *shape)
            raise UserError(
                f"plaquette weights: expected {wanted} for the lattice {shape}, got {tuple(self.values.shape)}"
            )
        links = list(visited_links(loop, [0] * len(shape)))
        plane = sorted({axis for axis, _, _ in links})
        if len(links) != 4 or len(plane) != 2:
            raise UserError(f"plaquette weights: expected an action of plaquettes, got the loop {loop}")
        corner = [min(place) for place in zip(*(place for _, _, place in links), strict=True)]
        mine = self.values[found.index((plane[0], plane[1]))]
        return mine.roll([-d for d in corner], tuple(range(len(shape))))
