"""Hidden fermions: determinants and Pfaffians of more particles than there are, whose further rows are a network's."""

from typing import Any

import torch
from torch import Tensor, nn

from gaugeflow.errors import UserError
from gaugeflow.linalg import scaled_det, scaled_pfaffian, signed_log
from gaugeflow.symmetry.actions.values import wide
from gaugeflow.wavefunctions.ansatz.orbitals import Orbitals
from gaugeflow.wavefunctions.backbones.dense import Dense
from gaugeflow.wavefunctions.occupation.site_backbones import SiteBackbone
from gaugeflow.wavefunctions.particles import Particles
from gaugeflow.wavefunctions.wavefunction import Ansatz, LogPsi

__all__ = ["HiddenDeterminants", "HiddenFermions", "HiddenPfaffians"]

START = 0.1
"""The size of the network's part at the start, beside the identity among hidden rows and columns."""
NOISE = 0.02
"""Of the coefficients of pairs at the start."""


class HiddenFermions(Ansatz):
    """What both have: ``M(x) = [[V], [1 + N(x)]]``, n rows of orbitals V and h rows of a network N.

    The orbitals of both spins have all columns, of which the last h begin as noise, and the network sees the whole
    configuration.

    Args:
        orbitals: of the sizes ``(columns, columns)`` and one term.
        backbone: whose features of all sites make the rows.
        hidden: h, one at least.

    Raises:
        UserError: orbitals of other sizes, or no hidden fermion.
    """

    def __init__(
        self, orbitals: Orbitals, backbone: SiteBackbone, hidden: int, columns: int, generator: torch.Generator
    ) -> None:
        super().__init__(orbitals.particles)
        if hidden < 1 or orbitals.sizes != (columns, columns) or orbitals.terms != 1:
            raise UserError(
                f"hidden fermions: expected one of them at least and one term of {columns} orbitals for each spin, "
                f"came {hidden} and {orbitals.terms} of {orbitals.sizes}"
            )
        self.orbitals, self.backbone, self.hidden = orbitals, backbone, hidden
        sites = backbone.particles.sites
        self.readout = Dense(sites * backbone.width, hidden * columns, generator, scale=START)
        self.readout.bias = nn.Parameter(torch.eye(columns, dtype=torch.float64)[-hidden:].flatten())

    def matrix(self, x: Any) -> Tensor:
        """M, ``(batch, n + h, columns)``, in double precision."""
        rows = self.readout(self.backbone.of_sites(x).flatten(1)).unflatten(-1, (self.hidden, -1))
        up, down = self.orbitals(x)
        return wide(torch.cat((up.squeeze(1), down.squeeze(1), rows), 1))


class HiddenDeterminants(HiddenFermions):
    """``psi = det M(x)``, arXiv:2111.10420, of ``n + h`` columns; at the start it is the determinant of V.

    Raises:
        UserError: as `HiddenFermions`.
    """

    def __init__(self, orbitals: Orbitals, backbone: SiteBackbone, hidden: int, generator: torch.Generator) -> None:
        super().__init__(orbitals, backbone, hidden, self.columns(orbitals.particles, hidden), generator)

    @staticmethod
    def columns(particles: Particles, hidden: int) -> int:
        """How many orbitals each spin needs."""
        return particles.n + hidden

    def log_psi(self, x: Any) -> LogPsi:
        return LogPsi(*signed_log(scaled_det(self.matrix(x))))


class HiddenPfaffians(HiddenFermions):
    """``psi = Pf(M(x) A M(x)^T)`` with learned antisymmetric A: visible and hidden particles in pairs, in the manner of
    arXiv:2507.10705.

    Of the columns, the first `pairing` are for up particles, as many for down ones, and the last h for hidden ones. At
    the start column m of up is paired with column m of down; what has no partner there is paired with hidden ones, and
    these with each other: it is the Pfaffian of the visible pairs. With as few columns as rows it is the determinant of
    M times a constant.

    Args:
        pairing: of each spin; not less than either has particles.
        pairs: how many columns are paired with those of the other spin at the start, see `pair_columns`.

    Raises:
        UserError: an odd ``n + h``, too few columns, or as `HiddenFermions`.
    """

    def __init__(
        self,
        orbitals: Orbitals,
        backbone: SiteBackbone,
        hidden: int,
        pairing: int,
        generator: torch.Generator,
        pairs: int | None = None,
    ) -> None:
        particles = orbitals.particles
        if (particles.n + hidden) % 2 or pairing < max(particles.counts):
            raise UserError(
                "hidden fermions: expected an even number of particles with the hidden ones and at least "
                f"{max(particles.counts)} pairing orbitals, came {particles.n} with {hidden}, and {pairing}"
            )
        super().__init__(orbitals, backbone, hidden, self.columns(pairing, hidden), generator)
        start = _coupled(particles, hidden, pairing, min(particles.counts) if pairs is None else pairs)
        noise = torch.randn(start.shape, generator=generator, dtype=torch.float64)
        self.pairs = nn.Parameter(start + NOISE * noise)

    @staticmethod
    def columns(pairing: int, hidden: int) -> int:
        """How many orbitals each spin needs."""
        return 2 * pairing + hidden

    def log_psi(self, x: Any) -> LogPsi:
        m = self.matrix(x)
        a = self.pairs.to(m.dtype)
        return LogPsi(*signed_log(scaled_pfaffian(m @ ((a - a.mT) @ m.mT))))


def _coupled(particles: Particles, hidden: int, pairing: int, pairs: int) -> Tensor:
    """The upper half of A at the start."""
    size, alone = 2 * pairing + hidden, abs(particles.n_up - particles.n_down)
    kept, first = min(pairs, pairing - alone), pairing if particles.n_down > particles.n_up else 0
    found, both = torch.zeros(size, size, dtype=torch.float64), torch.arange(kept)
    found[both, pairing + both] = 1.0
    rest = [*range(first + kept, first + kept + alone), *range(2 * pairing, size)]
    found[rest[::2], rest[1::2]] = 1.0
    return found
