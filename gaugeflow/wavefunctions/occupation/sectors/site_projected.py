"""The part of a wavefunction on sites in one symmetry sector."""

from typing import Any

import torch
from torch import Tensor

from gaugeflow.linalg import Scaled, signed_log
from gaugeflow.wavefunctions.occupation.symmetries import SiteGroup, moved
from gaugeflow.wavefunctions.wavefunction import LogPsi, Wavefunction

__all__ = ["SiteProjected"]

CANCELLED = 1e-12
"""A sum so small beside its terms is zero: a motion that leaves a configuration alone may give it the other sign."""


class SiteProjected(Wavefunction):
    """``(P psi)(x) = sum_g character(g)* sign(g, x) psi(g x) / |G|``, for training and after it.

    With complex characters, as of most momenta, it is complex, also of a real psi. Every state of such a sector is the
    part of a real function, as the conjugate of a state is in another sector. On sites training the projected state
    gains more than projecting a trained one; it costs ``|G|`` times as much. A projection may vanish: then the state
    has no part in the sector.

    Args:
        psi: any wavefunction on sites.
        group: with the character, see `sector`.
    """

    orders: Tensor
    flips: Tensor
    pairs: Tensor

    def __init__(self, psi: Wavefunction, group: SiteGroup) -> None:
        super().__init__(psi.particles)
        self.psi = psi
        self.register_buffer("orders", group.orders, persistent=False)
        self.register_buffer("flips", group.flips, persistent=False)
        found = group.characters
        pairs = torch.view_as_real(found) if found.is_complex() else found  # a change of the dtype takes real ones
        self.register_buffer("pairs", pairs, persistent=False)

    @property
    def characters(self) -> Tensor:
        """Of each motion, ``(|G|,)``."""
        return torch.view_as_complex(self.pairs) if self.pairs.ndim == 2 else self.pairs

    @property
    def group(self) -> SiteGroup:
        """What the state is in a sector of, on the CPU."""
        return SiteGroup(self.orders.cpu(), self.flips.cpu(), self.characters.cpu())

    def log_psi(self, x: Any) -> LogPsi:
        size = len(self.orders)
        y, signs = moved(x[:, None], self.orders, self.flips)
        found = self.psi(y.flatten(0, 1))
        log, sign = (part.unflatten(0, (-1, size)) for part in (found.log, found.sign))
        top = log.detach().amax(-1, keepdim=True)
        terms = (log - top).exp() * (sign * signs * self.characters.conj()) / size
        total, spread = terms.sum(-1), terms.detach().abs().sum(-1)
        total = torch.where(total.detach().abs() < CANCELLED * spread, 0.0, total)
        return LogPsi(*signed_log(Scaled(total, top.squeeze(-1))))
