"""A wavefunction on sites in one symmetry sector, from its values on one configuration of each orbit."""

from typing import Any

import torch

from gaugeflow.wavefunctions.occupation.sectors.canonical_form import (
    canonical_form,
    odd_exchanges,
    require_few_sites,
)
from gaugeflow.wavefunctions.occupation.sectors.sector_state import SectorState
from gaugeflow.wavefunctions.occupation.symmetries import SiteGroup
from gaugeflow.wavefunctions.wavefunction import LogPsi, Wavefunction

__all__ = ["SiteCanonical"]


class SiteCanonical(SectorState):
    """``psi(x) = character(g)* sign(g, x) psi(g x)``, with the g that brings x to the canonical one of its orbit.

    It costs as much as psi alone, however many motions there are. On sites it has no jumps that matter, as nothing is
    differentiated along x. But what psi knows of neighbours is of no use where their canonical forms are far apart, so
    for few configurations a `SiteProjected` needs fewer parameters. Raises UserError for more than 52 sites.
    """

    def __init__(self, psi: Wavefunction, group: SiteGroup) -> None:
        super().__init__(psi, group)
        require_few_sites(group.orders.shape[1])
        self.odd = odd_exchanges(group)

    @property
    def images(self) -> int:
        return 1

    def log_psi(self, x: Any) -> LogPsi:
        form = canonical_form(x, SiteGroup(self.orders, self.flips, self.characters), self.odd)
        found = self.psi(form.x)
        kind = found.sign.dtype.to_complex() if form.phase.is_complex() else found.sign.dtype
        return LogPsi(found.sign * form.phase.to(kind), torch.where(form.phase == 0, -torch.inf, found.log))
