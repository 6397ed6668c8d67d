"""Checkerboard couplings of scalar fields, arXiv:1904.12072: half of the sites moves as the other half tells."""

from collections.abc import Sequence

import torch
from normflows.flows import Flow
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.flows.coupling.periodic_network import PeriodicNetwork
from gaugeflow.flows.scalar.transform import ScalarTransform
from gaugeflow.lattice.spaces import SCALARS

__all__ = ["ScalarCoupling"]


class ScalarCoupling(Flow):
    """``phi(x) -> f(phi(x); theta(x))`` on the sites of one parity, with theta from the sites of the other parity.

    The Jacobian is diagonal on the active sites. The network is a convolution with periodic boundaries, so that the
    layer commutes with the translations by an even number of steps in all.

    Args:
        shape: extents, even, any number of axes.
        parity: 0 or 1, of the sites that move.
        network: from the frozen field as one feature ``(batch, *shape, 1)`` to the context, ``(..., channels)``.
        transform: the bijection of the active sites.
        odd: commute with ``phi -> -phi``, for which the network is evaluated twice.

    Raises:
        UserError: an odd extent, or another parity; at a call, a field of another shape.
    """

    active: Tensor
    """``(sites / 2,)``: where the active sites stand in the flattened lattice."""

    def __init__(
        self,
        shape: Sequence[int],
        parity: int,
        network: PeriodicNetwork,
        transform: ScalarTransform,
        odd: bool = True,
    ) -> None:
        super().__init__()
        self.shape, self.parity, self.odd = tuple(shape), parity, odd
        if not self.shape or any(extent < 2 or extent % 2 for extent in self.shape):
            raise UserError(f"scalar coupling: a checkerboard needs even extents, got {self.shape}")
        if parity not in (0, 1):
            raise UserError(f"scalar coupling: expected parity 0 or 1, got {parity}")
        self.network, self.transform = network, transform
        sites = torch.cartesian_prod(*(torch.arange(extent) for extent in self.shape)).view(-1, len(self.shape))
        self.register_buffer("active", (sites.sum(1) % 2 == parity).nonzero()[:, 0], persistent=False)

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor]:
        return self._map(z, inverse=False)

    def inverse(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return self._map(x, inverse=True)

    def _map(self, field: Tensor, inverse: bool) -> tuple[Tensor, Tensor]:
        SCALARS.check_layout(field)
        if tuple(field.shape[1:]) != self.shape:
            raise UserError(f"scalar coupling: expected (batch, {self.shape}), got {tuple(field.shape)}")
        flat = field.flatten(1)
        frozen = flat.index_fill(1, self.active, 0.0).view_as(field)
        contexts = [self._context(image) for image in ((frozen, -frozen) if self.odd else (frozen,))]
        moved, log_det = self.transform(flat[:, self.active], contexts, inverse)
        return flat.index_copy(1, self.active, moved).view_as(field), log_det.sum(1)

    def _context(self, frozen: Tensor) -> Tensor:
        """``(batch, active sites, channels)``."""
        return self.network(frozen[..., None]).flatten(1, -2)[:, self.active]

    def extra_repr(self) -> str:
        return f"parity {self.parity} of {'x'.join(map(str, self.shape))}, {'odd' if self.odd else 'any'}"
