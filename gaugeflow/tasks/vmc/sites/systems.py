"""The `system` sections of fermions on lattice sites."""

from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from gaugeflow.runs import Count, Number, Section
from gaugeflow.wavefunctions.occupation.configurations import SiteFermions
from gaugeflow.wavefunctions.occupation.hamiltonians import SiteHamiltonian, hubbard, of_products, t_j, t_v
from gaugeflow.wavefunctions.occupation.lattices import Lattice, lattice
from gaugeflow.wavefunctions.occupation.operators import parse

__all__ = ["SITE_SYSTEMS", "HubbardConfig", "LatticeConfig", "ProductsConfig", "TJConfig", "TVConfig"]

Few = Annotated[int, Field(ge=0)]
SITE_SYSTEMS = ("hubbard", "t_v", "t_j", "products")
"""Their names."""


class LatticeConfig(Section):
    """Sites on a line or in the plane, by their extents or by the vectors that close a tilted torus."""

    kind: Literal["chain", "square", "triangular"]
    """Which sites are neighbours."""
    shape: list[Count] | None = None
    """Extents, as in `[4, 4]`; an extent of 2 that is closed has two bonds between the same sites."""
    vectors: list[list[int]] | None = None
    """Instead of extents, as in `[[3, 1], [-1, 3]]`, the square lattice with ten sites."""
    boundary: str | Number | list[str | Number] = "periodic"
    """`periodic`, `antiperiodic`, `open`, or the angle of a twist in radians, with which the wavefunction is complex;
    for all axes or a list with one for each."""

    def build(self) -> Lattice:
        """Raises UserError as `lattice`."""
        return lattice(self.kind, self.shape, self.vectors, self.boundary)


class SitesConfig(Section):
    """Fermions on sites."""

    energy: Number | None = None
    """The exact energy of the ground state, as from `gaugeflow exact`, with which a report compares; small spaces are
    diagonalised for it where none is given."""

    def build(self) -> SiteHamiltonian:
        """Raises UserError for a system that there is not."""
        return replace(self.model(), energy=self.energy)

    def model(self) -> SiteHamiltonian:
        """The Hamiltonian, of which nothing is known."""
        raise NotImplementedError(f"{type(self).__name__} must say what its Hamiltonian is")


class HubbardConfig(SitesConfig):
    """Hubbard's model, `-t sum (c+_i c_j + h.c.) + u sum n_up n_down + v sum_<ij> n_i n_j`."""

    name: Literal["hubbard"]
    lattice: LatticeConfig
    """The sites and their bonds."""
    n_up: Few
    """Particles with spin up."""
    n_down: Few
    """Particles with spin down."""
    u: Number
    """The energy of two particles on a site."""
    v: Number = 0.0
    """The energy of two particles on neighbouring sites; the extended model."""
    t: Number = 1.0
    """The hopping."""

    def model(self) -> SiteHamiltonian:
        return hubbard(self.lattice.build(), self.n_up, self.n_down, self.u, self.v, self.t)


class TVConfig(SitesConfig):
    """Spinless fermions, `-t sum (c+_i c_j + h.c.) + v sum_<ij> n_i n_j`."""

    name: Literal["t_v"]
    lattice: LatticeConfig
    """The sites and their bonds."""
    n: Count
    """Particles."""
    v: Number
    """The energy of two particles on neighbouring sites."""
    t: Number = 1.0
    """The hopping."""

    def model(self) -> SiteHamiltonian:
        return t_v(self.lattice.build(), self.n, self.v, self.t)


class TJConfig(SitesConfig):
    """The t-J model: no site has two particles, and neighbouring spins S exchange with `j (S_i S_j - n_i n_j / 4)`."""

    name: Literal["t_j"]
    lattice: LatticeConfig
    """The sites and their bonds."""
    n_up: Few
    """Particles with spin up."""
    n_down: Few
    """Particles with spin down."""
    j: Number
    """The exchange."""
    t: Number = 1.0
    """The hopping."""

    def model(self) -> SiteHamiltonian:
        return t_j(self.lattice.build(), self.n_up, self.n_down, self.j, self.t)


def _product(line: list[Any]) -> list[Any]:
    """YAML reads 1e-3 as text."""
    try:
        right = len(line) == 2 and isinstance(line[1], str)
        return [float(line[0]), line[1]] if right else _refuse(line)
    except (TypeError, ValueError):
        return _refuse(line)


def _refuse(line: list[Any]) -> list[Any]:
    raise ValueError(f"expected a number and a product as [-1, 0u^ 1u], came {line}")


class ProductsConfig(SitesConfig):
    """A Hamiltonian of your own, from products of creation and annihilation operators."""

    name: Literal["products"]
    sites: Count
    """How many sites there are."""
    n_up: Few
    """Particles with spin up."""
    n_down: Few
    """Particles with spin down."""
    products: Annotated[list[Annotated[list[Any], AfterValidator(_product)]], Field(min_length=1)]
    """Numbers and products, as in `[-1, 0u^ 1u]` for `-c+_0 c_1` of spin up: the site, u or d, and ^ for creation; the
    last factor acts first. The adjoint of each product is to be given too."""

    def model(self) -> SiteHamiltonian:
        """Raises UserError unless the sum is hermitian and keeps the numbers of particles."""
        particles = SiteFermions(self.n_up, self.n_down, 1, self.sites)
        return of_products([(number, parse(text)) for number, text in self.products], particles)
