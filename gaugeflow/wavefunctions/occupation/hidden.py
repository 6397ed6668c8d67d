"""Hidden fermions: a determinant of more particles than there are, whose further rows come from a network."""

from typing import Any

import torch
from torch import nn

from gaugeflow.errors import UserError
from gaugeflow.linalg import scaled_det, signed_log
from gaugeflow.symmetry.actions.values import wide
from gaugeflow.wavefunctions.ansatz.orbitals import Orbitals
from gaugeflow.wavefunctions.backbones.dense import Dense
from gaugeflow.wavefunctions.occupation.site_backbones import SiteBackbone
from gaugeflow.wavefunctions.wavefunction import Ansatz, LogPsi

__all__ = ["HiddenDeterminants"]

START = 0.1
"""The size of the network's part at the start, beside the identity among hidden rows and columns."""


class HiddenDeterminants(Ansatz):
    """``psi = det [[V], [1 + N(x)]]``, arXiv:2111.10420: n rows of orbitals V and h rows of a network N.

    The matrix is square, of ``n + h``: the orbitals of both spins have ``n + h`` columns, of which the last h begin
    as noise, and the network sees the whole configuration. At the start it is the determinant of V.

    Args:
        orbitals: of the sizes ``(n + hidden, n + hidden)`` and one term.
        backbone: whose features of all sites make the rows.
        hidden: h, one at least.

    Raises:
        UserError: orbitals of other sizes, or no hidden fermion.
    """

    def __init__(self, orbitals: Orbitals, backbone: SiteBackbone, hidden: int, generator: torch.Generator) -> None:
        super().__init__(orbitals.particles)
        size = self.particles.n + hidden
        if hidden < 1 or orbitals.sizes != (size, size) or orbitals.terms != 1:
            raise UserError(
                f"hidden fermions: expected one of them at least and one term of {size} orbitals for each spin, came "
                f"{hidden} and {orbitals.terms} of {orbitals.sizes}"
            )
        self.orbitals, self.backbone, self.hidden = orbitals, backbone, hidden
        sites = backbone.particles.sites
        self.readout = Dense(sites * backbone.width, hidden * size, generator, scale=START)
        self.readout.bias = nn.Parameter(torch.eye(size, dtype=torch.float64)[-hidden:].flatten())

    def log_psi(self, x: Any) -> LogPsi:
        rows = self.readout(self.backbone.of_sites(x).flatten(1)).unflatten(-1, (self.hidden, -1))
        up, down = self.orbitals(x)
        matrix = torch.cat((up.squeeze(1), down.squeeze(1), rows), 1)
        return LogPsi(*signed_log(scaled_det(wide(matrix))))
