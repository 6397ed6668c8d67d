"""What all ways to cut up a torus share: a learned law for each area, and the way there and back."""

from collections.abc import Callable, Sequence
from functools import partial

import torch
from normflows.flows import Flow
from torch import Tensor, nn

from gaugeflow.errors import UserError
from gaugeflow.flows.refinement.split import SplitFlow
from gaugeflow.groups import Group
from gaugeflow.lattice.fields import lattice_shape

__all__ = ["TorusFlow"]


class TorusFlow(Flow):
    """A bijection of link fields ``(batch, 2, L1, L2, ...)`` that cuts the torus up, down to plaquettes.

    Its parameters belong to areas and do not know the lattice: those of one serve any other.

    To write another way: say in `_cut` what it needs of the lattice, and in `_swept` which loops are moved in which
    order.

    Args:
        group: U(1), SU(2) or SU(3).
        shape: extents (L1, L2).
        areas: 1, 2, 4, ..., the halves that have a law to be learned.
        bins, hidden, generator, dtype: as `SplitFlow`.

    Raises:
        UserError: extents that cannot be cut up this way.
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
        self.group, self.shape = group, tuple(shape)
        self._cut(areas, partial(SplitFlow, group, bins=bins, hidden=hidden, generator=generator, dtype=dtype))

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """From Haar-distributed links to those of the theory."""
        return self._map(z, inverse=False)

    def inverse(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Back to Haar-distributed links."""
        return self._map(x, inverse=True)

    def laws(self) -> list[tuple[int, SplitFlow]]:
        """Every law with its area."""
        return [(int(area), split) for area, split in self.splits.items()]  # type: ignore[misc]

    def _cut(self, areas: Sequence[int], law: Callable[..., SplitFlow]) -> None:
        """Makes the laws, each by its area."""
        self.splits = nn.ModuleDict({str(area): law(area) for area in areas})

    def _swept(self, field: Tensor, inverse: bool) -> tuple[Tensor, Tensor]:
        """Moves every loop in the field of the theory, which going back is the one given."""
        raise NotImplementedError

    def _map(self, field: Tensor, inverse: bool) -> tuple[Tensor, Tensor]:
        if lattice_shape(field) != self.shape:
            raise UserError(f"refinement: expected links on {self.shape}, got a lattice {lattice_shape(field)}")
        field, log_det = self._swept(field, inverse)
        return (field if self.group.element_shape else self.group.project(field)), log_det

    def _moved(self, split: nn.Module, loops: Tensor, m: Tensor, inverse: bool) -> tuple[Tensor, Tensor]:
        """The loops ``(batch, ...)`` moved to their law given M, and the summed log-determinant ``(batch,)``."""
        flat, given = loops.reshape(-1, *self.group.element_shape), m.reshape(-1, *self.group.element_shape)
        moved, log_det = split.inverse(flat, given) if inverse else split(flat, given)  # type: ignore[operator]
        return moved.view(loops.shape), log_det.view(len(loops), -1).sum(1)
