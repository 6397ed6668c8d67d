"""Refinement flows: two-dimensional gauge theory from the whole torus down to its plaquettes.

A Haar-distributed field is coarsened step by step; on the way back, every loop L that a step has taken away is moved to
its law given the loop M round the cell, learned by a `SplitFlow` for each area (`gaugeflow.lattice.refinement`). The
areas add up exactly, so the only error is that of the conditional laws, of which there are as many as plaquettes.
"""

from collections.abc import Callable, Sequence

from torch import Tensor

from gaugeflow.flows.flow import zero_log_det
from gaugeflow.flows.refinement.split import SplitFlow
from gaugeflow.flows.refinement.torus import TorusFlow
from gaugeflow.groups import Group
from gaugeflow.lattice.refinement.cells import cell_loops, coarsen, refine, refinement_axes
from gaugeflow.lattice.refinement.weight import AreaWeight

__all__ = ["RefinementFlow", "split_areas"]

FLAT = 5e-5
"""Halves whose joint weight exceeds Haar's by no more than this anywhere are left Haar-distributed."""


def split_areas(group: Group, beta: float) -> list[int]:
    """The areas A = 1, 2, 4, ... of halves whose law is not Haar's, on whatever lattice."""
    areas = [1]
    while AreaWeight(group, beta, 2 * areas[-1]).peak > 1 + FLAT:
        areas.append(2 * areas[-1])
    return areas[:-1]


class RefinementFlow(TorusFlow):
    """Cells are halved again and again, from the whole torus on; the extents are powers of two.

    The two loops round the torus stay Haar-distributed, which for SU(N) is exact up to ``w_V - 1``, V the volume.
    """

    def _cut(self, areas: Sequence[int], law: Callable[..., SplitFlow]) -> None:
        self.axes = refinement_axes(self.shape)
        super()._cut(areas, law)

    def _swept(self, field: Tensor, inverse: bool) -> tuple[Tensor, Tensor]:
        log_det, steps = zero_log_det(field), []
        for step, axis in enumerate(reversed(self.axes)):
            field, first, loops = coarsen(self.group, field, axis)
            if inverse:
                loops, change = self._in_cells(2**step, loops, field, axis, inverse)
                log_det = log_det + change
            steps.append((2**step, axis, first, loops))
        for area, axis, first, loops in reversed(steps):
            if not inverse:
                loops, change = self._in_cells(area, loops, field, axis, inverse)
                log_det = log_det + change
            field = refine(self.group, field, axis, first, loops)
        return field, log_det

    def _in_cells(self, area: int, loops: Tensor, coarse: Tensor, axis: int, inverse: bool) -> tuple[Tensor, Tensor]:
        """The loops of all cells of a coarse field, moved where halves of this area have a law of their own."""
        if str(area) not in self.splits:
            return loops, zero_log_det(loops)
        return self._moved(self.splits[str(area)], loops, cell_loops(self.group, coarse, axis), inverse)
