"""Residual layers: stout smearing of active links, invertible and with the exact Jacobian (arXiv:2305.02402)."""

import torch
from normflows.flows import Flow
from torch import Tensor, nn

from gaugeflow.flows.coupling.coupling import check_field
from gaugeflow.flows.coupling.frozen import conjugate, frozen_links, midpoint, staples_at, with_active
from gaugeflow.flows.coupling.masks import Mask
from gaugeflow.flows.coupling.stout import bounded, check_bound, stout, unstout
from gaugeflow.flows.coupling.transform import Conditioned
from gaugeflow.groups import Group
from gaugeflow.nn.layers.sources import link_matrices

__all__ = ["ResidualStout"]


class ResidualStout(Flow):
    """``U -> exp(i X(U)) U`` on the active links, ``X = sum_j c_j P[U S_j]`` with the staples S_j of the link.

    P is the projection to the algebra, ``(L - L^dagger) / 2i`` without its trace. The staples and the coefficients
    c_j, which a network makes of frozen invariants, hold no active link, so the Jacobian is one dim x dim block for
    each link. The coefficients are kept below ``sum_j |c_j| < bound < 1``: hence the map is a bijection.

    Args:
        group: of the links.
        mask: the active links; their staples must hold no other active link.
        context: from frozen links to the context of the coefficients, ``(batch, n_offsets, *coarse, channels)``; has
            ``channels``.
        generator: source of the weights.
        bound: of the coefficients, below one.
        charge: commute with charge conjugation, for which the context is evaluated twice.
        dtype: of the parameters.

    Raises:
        UserError: a bound that is no contraction; at a call, links that the layer does not serve.
    """

    def __init__(
        self,
        group: Group,
        mask: Mask,
        context: nn.Module,
        generator: torch.Generator,
        bound: float = 0.9,
        charge: bool = False,
        dtype: torch.dtype = torch.float64,
    ) -> None:
        super().__init__()
        check_bound(bound)
        self.group, self.mask, self.context, self.bound, self.charge = group, mask, context, bound, charge
        self.paths = mask.surroundings()
        self.coefficients_of = Conditioned(int(context.channels), len(self.paths), lambda c: c, generator, dtype)  # type: ignore[arg-type]

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor]:
        new, log_det = stout(self.group, self.mask.select(z[:, self.mask.axis]), self._staples(z))
        return with_active(z, self.mask, self.group, new), log_det

    def inverse(self, x: Tensor) -> tuple[Tensor, Tensor]:
        target = self.mask.select(x[:, self.mask.axis])
        active, log_det = unstout(self.group, target, self._staples(x), self.bound)
        return with_active(x, self.mask, self.group, active), log_det

    def _staples(self, links: Tensor) -> Tensor:
        """``sum_j c_j S_j`` at every active link, ``(batch, n_offsets, *coarse, N, N)``."""
        check_field(links, self.group, self.mask)
        staples = staples_at(links, self.mask, self.group, self.paths)
        frozen = frozen_links(links, self.mask, self.group, midpoint(self.group, staples[0], staples[1]))
        images = (frozen, conjugate(frozen)) if self.charge else (frozen,)
        coefficients = bounded(self.coefficients_of([self.context(image) for image in images]), self.bound)
        return (coefficients.movedim(-1, 0)[..., None, None] * link_matrices(staples)).sum(0)
