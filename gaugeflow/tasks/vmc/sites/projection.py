"""The key `wavefunction.projection`: the symmetry sector of fermions on sites, and the way into it."""

from typing import Literal

from gaugeflow.errors import UserError
from gaugeflow.runs import Number, Section
from gaugeflow.wavefunctions import Wavefunction
from gaugeflow.wavefunctions.occupation.hamiltonians import SiteHamiltonian
from gaugeflow.wavefunctions.occupation.sectors.sector import sector
from gaugeflow.wavefunctions.occupation.sectors.site_canonical import SiteCanonical
from gaugeflow.wavefunctions.occupation.sectors.site_images import SiteImages
from gaugeflow.wavefunctions.occupation.sectors.site_projected import SiteProjected
from gaugeflow.wavefunctions.occupation.symmetries import SiteGroup

__all__ = ["ProjectionConfig"]


class ProjectionConfig(Section):
    """A symmetry sector of fermions on sites, in which the wavefunction is while it is trained."""

    route: Literal["average", "canonical", "images"] = "average"
    """How it gets there. `average` is the sum over all images of a configuration, which costs as many times as much as
    the group has elements (with `optimizer.jacobian: explicit` less memory). `canonical` is the value on the first of
    them, which costs no more. `images` is the sum over all motions of the lattice at the cost of determinants alone,
    where the features of the network move with it; an exchange of spins goes by the first configuration there."""
    momentum: list[Number] | None = None
    """In units of pi along each axis, as [0.5, 0]; with other parts than 0 and 1 the wavefunction is complex."""
    point_group: str | None = None
    """A part of one dimension under the turns and mirrors that keep the momentum, such as A1, or A on a tilted torus;
    E+ and E- are those of turns without mirrors that are complex."""
    spin_flip: Literal[1, -1] | None = None
    """The sign under the exchange of up and down."""

    def of(self, psi: Wavefunction, hamiltonian: SiteHamiltonian) -> Wavefunction:
        """The state of the sector that is made of psi. Raises UserError as `group`, and as `SiteImages` for those."""
        group = self.group(hamiltonian)
        if self.route == "average":
            return SiteProjected(psi, group)
        if self.route == "images":
            psi = SiteImages(psi, self._of_lattice(hamiltonian))
            if self.spin_flip is None:
                return psi
        return SiteCanonical(psi, group)

    def group(self, hamiltonian: SiteHamiltonian) -> SiteGroup:
        """With the character. Raises UserError for a sector that the lattice does not have."""
        if hamiltonian.lattice is None:
            raise UserError("wavefunction.projection: expected a lattice, products of your own have none")
        if self.spin_flip is not None and hamiltonian.particles.n_up != hamiltonian.particles.n_down:
            raise UserError("wavefunction.projection: expected as many up as down particles for spin_flip")
        return sector(hamiltonian.lattice, self.momentum, self.point_group, self.spin_flip)

    def _of_lattice(self, hamiltonian: SiteHamiltonian) -> SiteGroup:
        """Its motions without the exchange of spins."""
        if (self.momentum, self.point_group) == (None, None):
            raise UserError(
                "wavefunction.projection: expected a momentum or a part of the point group for images, came neither"
            )
        return self.model_copy(update={"spin_flip": None}).group(hamiltonian)
