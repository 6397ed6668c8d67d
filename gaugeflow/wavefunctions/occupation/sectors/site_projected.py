"""The part of a wavefunction on sites in one symmetry sector."""

from typing import Any

import torch

from gaugeflow.linalg import Scaled, signed_log
from gaugeflow.wavefunctions.occupation.sectors.sector_state import CANCELLED, SectorState
from gaugeflow.wavefunctions.occupation.symmetries import moved
from gaugeflow.wavefunctions.wavefunction import LogPsi

__all__ = ["SiteProjected"]


class SiteProjected(SectorState):
    """``(P psi)(x) = sum_g character(g)* sign(g, x) psi(g x) / |G|``, for training and after it.

    On sites training the projected state gains more than projecting a trained one; it costs ``|G|`` times as much. A
    projection may vanish: then the state has no part in the sector.
    """

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
