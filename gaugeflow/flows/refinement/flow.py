"""Refinement flows: two-dimensional gauge theory from the whole torus down to its plaquettes.

A Haar-distributed field is coarsened step by step; on the way back, every loop L that a step has taken away is moved to
its law given the loop M round the cell, learned by a `SplitFlow` for each area (`gaugeflow.lattice.refinement`). The
areas add up exactly, so the only error is that of the conditional laws, of which there are as many as plaquettes.
"""

from collections.abc import Sequence
from math import prod

import torch
from normflows.flows import Flow
from torch import Tensor, nn

from gaugeflow.errors import UserError
from gaugeflow.flows.flow import zero_log_det
from gaugeflow.flows.refinement.split import SplitFlow
from gaugeflow.groups import Group
from gaugeflow.lattice.fields import lattice_shape
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


class RefinementFlow(Flow):
    """The whole refinement as one bijection of link fields ``(batch, 2, L1, L2, ...)``, extents powers of two.

    Its parameters belong to areas and do not know the lattice: those of one serve any other. The two loops round the
    torus stay Haar-distributed, which for SU(N) is exact up to ``w_V - 1``, V the volume.

    Args:
        group: U(1), SU(2) or SU(3).
        shape: extents (L1, L2).
        areas: those halves that have a law to be learned.
        bins, hidden, generator, dtype: as `SplitFlow`.

    Raises:
        UserError: extents that are not powers of two.
    """

    def __init__(
        self,
        group: Group,
        shape: Sequence[int],
        areas: Sequence[int],
        bins: int,
        hidden: Sequence[int],
        generator: torch.Generator,
        dtype: torch.dtype = torch.float64,
    ) -> None:
        super().__init__()
        self.group, self.shape, self.axes = group, tuple(shape), refinement_axes(shape)
        self.splits = nn.ModuleDict(
            {str(area): SplitFlow(group, area, bins, hidden, generator, dtype) for area in areas}
        )

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """From Haar-distributed links to those of the theory."""
        field, steps = self._coarsened(z)
        log_det, area = zero_log_det(z), prod(self.shape)
        for axis, first, loops in reversed(steps):
            area //= 2
            loops, change = self._moved(area, loops, cell_loops(self.group, field, axis), inverse=False)
            log_det = log_det + change
            field = refine(self.group, field, axis, first, loops)
        return self._wrapped(field), log_det

    def inverse(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Back to Haar-distributed links."""
        cells, log_det, area, field = [], zero_log_det(x), 1, self._checked(x)
        for axis in reversed(self.axes):
            field, first, loops = coarsen(self.group, field, axis)
            loops, change = self._moved(area, loops, cell_loops(self.group, field, axis), inverse=True)
            log_det = log_det + change
            cells.append((axis, first, loops))
            area *= 2
        for axis, first, loops in reversed(cells):
            field = refine(self.group, field, axis, first, loops)
        return self._wrapped(field), log_det

    def _coarsened(self, field: Tensor) -> tuple[Tensor, list[tuple[int, Tensor, Tensor]]]:
        """The two loops of the torus, and (axis, F, L) of every step from the finest on."""
        steps, field = [], self._checked(field)
        for axis in reversed(self.axes):
            field, first, loops = coarsen(self.group, field, axis)
            steps.append((axis, first, loops))
        return field, steps

    def _moved(self, area: int, loops: Tensor, m: Tensor, inverse: bool) -> tuple[Tensor, Tensor]:
        """The loops of all cells and the summed log-determinant, ``(batch,)``."""
        if str(area) not in self.splits:
            return loops, zero_log_det(loops)
        split, element = self.splits[str(area)], self.group.element_shape
        flat, given = loops.reshape(-1, *element), m.reshape(-1, *element)
        moved, log_det = split.inverse(flat, given) if inverse else split(flat, given)  # type: ignore[operator]
        return moved.view(loops.shape), log_det.view(len(loops), -1).sum(1)

    def _checked(self, field: Tensor) -> Tensor:
        if lattice_shape(field) != self.shape:
            raise UserError(f"refinement: expected links on {self.shape}, got a lattice {lattice_shape(field)}")
        return field

    def _wrapped(self, field: Tensor) -> Tensor:
        return field if self.group.element_shape else self.group.project(field)
