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
    """``(P psi)(x) = sum_g character(g) sign(g, x) psi(g x) / |G|``, for training and after it.

    On sites training the projected state gains more than projecting a trained one; it costs ``|G|`` times as much. A
    projection may vanish: then the state has no part in the sector.

    Args:
        psi: any wavefunction on sites.
        group: with the character, see `sector`.
    """

    orders: Tensor
    flips: Tensor
    characters: Tensor

    def __init__(self, psi: Wavefunction, group: SiteGroup) -> None:
        super().__init__(psi.particles)
        self.psi = psi
        self.register_buffer("orders", group.orders, persistent=False)
        self.register_buffer("flips", group.flips, persistent=False)
        self.register_buffer("characters", group.characters, persistent=False)

    def log_psi(self, x: Any) -> LogPsi:
        signs, logs = [], []
        for order, flip, character in zip(self.orders, self.flips, self.characters, strict=True):
            y, sign = moved(x, order.expand(len(x), -1), flip.expand(len(x)))
            found = self.psi(y)
            signs.append(found.sign * sign * character)
            logs.append(found.log)
        log, sign = torch.stack(logs, -1), torch.stack(signs, -1)
        top = log.detach().amax(-1, keepdim=True)
        terms = (log - top).exp() * sign / len(self.orders)
        total, size = terms.sum(-1), terms.detach().abs().sum(-1)
        total = torch.where(total.detach().abs() < CANCELLED * size, 0.0, total)
        return LogPsi(*signed_log(Scaled(total, top.squeeze(-1))))
