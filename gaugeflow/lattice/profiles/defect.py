"""A defect: links across a piece of a plane, whose loops are weaker."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.kernels import Path
from gaugeflow.kernels.tables import visited_links

__all__ = ["Defect", "DefectRegion"]


@dataclass(frozen=True)
class Defect:
    """Links along one axis, from its last site to its first, within a cube of the other axes at the origin.

    A loop that passes k of them has the factor ``strength**k``: 1 is no defect, 0 an opening through which charge
    comes and goes; M. Hasenbusch, arXiv:1706.04443. In two dimensions the cube is a line.

    Args:
        length: sites of the cube along each of the other axes.
        strength: factor of one link, 0 to 1.
        axis: the axis that the links lead along.

    Raises:
        UserError: a length below 1; on a lattice, a defect that is larger, or an axis that does not exist.
    """

    length: int
    strength: float
    axis: int = 0

    def __post_init__(self) -> None:
        if self.length < 1:
            raise UserError(f"defect: expected a length of at least 1, got {self.length}")

    def __call__(self, shape: tuple[int, ...], loop: Path) -> Tensor:
        """The factor of `loop` from each site, float64 ``shape``; see :class:`~gaugeflow.kernels.Profile`."""
        self.check(shape)
        spans = [(-1, 1) if axis == self.axis else (0, self.length) for axis in range(len(shape))]
        link = torch.where(_box(shape, spans), self.strength, 1.0).double()
        factor = torch.ones(shape, dtype=torch.float64)
        for axis, _, place in visited_links(loop, [0] * len(shape)):
            if axis == self.axis:
                factor = factor * link.roll([-d for d in place], tuple(range(len(shape))))
        return factor

    def around(self, reach: int) -> "DefectRegion":
        """The links of the sites up to `reach` away from the ends of the defect's links."""
        return DefectRegion(self, reach)

    def check(self, shape: tuple[int, ...]) -> None:
        """Raises UserError where the defect does not fit the lattice."""
        if not 0 <= self.axis < len(shape):
            raise UserError(f"defect: expected an axis below {len(shape)}, got {self.axis}")
        largest = min(extent for axis, extent in enumerate(shape) if axis != self.axis)
        if self.length > largest:
            raise UserError(f"defect: expected a length up to {largest} on the lattice {shape}, got {self.length}")


@dataclass(frozen=True)
class DefectRegion:
    """A :class:`~gaugeflow.kernels.Region` about a defect."""

    defect: Defect
    reach: int

    def __call__(self, shape: tuple[int, ...]) -> Tensor:
        """Which links, bool ``(D, *shape)``."""
        self.defect.check(shape)
        axes = range(len(shape))
        ends = [(-1, 2) if axis == self.defect.axis else (0, self.defect.length) for axis in axes]
        inside = _box(shape, [(first - self.reach, size + 2 * self.reach) for first, size in ends])
        return inside.expand(len(shape), *shape)


def _box(shape: tuple[int, ...], spans: Sequence[tuple[int, int]]) -> Tensor:
    """The sites of a box on the torus, given by its first site and its size along each axis: bool ``shape``."""
    inside = torch.ones(shape, dtype=torch.bool)
    for axis, (extent, (first, size)) in enumerate(zip(shape, spans, strict=True)):
        near = (torch.arange(extent) - first) % extent < size
        inside = inside & near.view(-1, *[1] * (len(shape) - axis - 1))
    return inside
