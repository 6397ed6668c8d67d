"""What wavefunctions on sites in one symmetry sector have in common."""

import torch
from torch import Tensor

from gaugeflow.wavefunctions.occupation.symmetries import SiteGroup
from gaugeflow.wavefunctions.wavefunction import Wavefunction

__all__ = ["CANCELLED", "SectorState"]

CANCELLED = 1e-12
"""A sum so small beside its terms is zero: a motion that leaves a configuration alone may give it the other sign."""


class SectorState(Wavefunction):
    """A wavefunction that is made of another one and has ``psi(g x) sign(g, x) = character(g) psi(x)``.

    With complex characters, as of most momenta, it is complex, also of a real psi. Every state of such a sector is the
    part of a real function, as the conjugate of a state is in another sector.

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

    @property
    def images(self) -> int:
        """Of how many configurations psi is calculated for each."""
        return len(self.orders)
