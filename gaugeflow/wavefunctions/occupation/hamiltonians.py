"""Hamiltonians of fermions on sites: Hubbard, extended Hubbard, t-V, t-J, and sums of products of one's own."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from gaugeflow.errors import UserError
from gaugeflow.wavefunctions.hamiltonian import Reference
from gaugeflow.wavefunctions.occupation.configurations import SiteFermions
from gaugeflow.wavefunctions.occupation.lattices import Lattice
from gaugeflow.wavefunctions.occupation.operators import Factor, Operators, density, hop
from gaugeflow.wavefunctions.occupation.symmetries import SiteGroup

__all__ = ["SiteHamiltonian", "hubbard", "of_products", "t_j", "t_v"]

Product = tuple[complex, tuple[Factor, ...]]


@dataclass(frozen=True, eq=False)
class SiteHamiltonian:
    """Fermions on sites and the sum of products that is their energy, in units of the hopping.

    Attributes:
        lattice: of the sites; None where products of one's own name the sites alone.
        energy: the exact one of the ground state, where it is given.
        sector: of the states that are asked for, all of them for None; with its lowest energy they are compared.
    """

    particles: SiteFermions
    operators: Operators
    lattice: Lattice | None = None
    energy: float | None = None
    sector: SiteGroup | None = None

    @cached_property
    def references(self) -> tuple[Reference, ...]:
        """What is known of the ground state, the first to be compared with; found when it is first asked for."""
        if self.energy is not None:
            return (Reference(self.energy, "system.energy", exact=True, kind="given"),)
        from gaugeflow.wavefunctions.occupation.exact import known_energies  # loads SciPy

        return known_energies(self)

    @property
    def reference(self) -> Reference | None:
        """The one to be compared with."""
        return self.references[0] if self.references else None

    @cached_property
    def one_body(self) -> np.ndarray:
        """The energy of independent particles, ``(2, sites, sites)``: coefficients of ``c+_i c_j`` of each spin."""
        sites = self.particles.sites
        matrix = np.zeros((2, sites, sites), dtype=complex)
        for factors, value in self.operators.products.items():
            if len(factors) == 2:
                matrix[factors[0].spin, factors[0].site, factors[1].site] += value
        return matrix


def hubbard(lattice: Lattice, n_up: int, n_down: int, u: float, v: float = 0.0, t: float = 1.0) -> SiteHamiltonian:
    """``H = -t sum (c+_i c_j + h.c.) + U sum n_up n_down + V sum_<ij> n_i n_j``: Hubbard, and extended for V."""
    particles = SiteFermions(n_up, n_down, lattice.dimension, lattice.sites)
    doubles = [(u, density(i, 0) + density(i, 1)) for i in range(lattice.sites)]
    pairs = [(v, density(i, a) + density(j, b)) for i, j, _ in lattice.bonds for a in (0, 1) for b in (0, 1) if v]
    return _made(particles, [*_hopping(lattice, t, (0, 1)), *doubles, *pairs], lattice)


def t_v(lattice: Lattice, n: int, v: float, t: float = 1.0) -> SiteHamiltonian:
    """``H = -t sum (c+_i c_j + h.c.) + V sum_<ij> n_i n_j`` of spinless fermions."""
    particles = SiteFermions(n, 0, lattice.dimension, lattice.sites)
    pairs = [(v, density(i, 0) + density(j, 0)) for i, j, _ in lattice.bonds]
    return _made(particles, [*_hopping(lattice, t, (0,)), *pairs], lattice)


def t_j(lattice: Lattice, n_up: int, n_down: int, j: float, t: float = 1.0) -> SiteHamiltonian:
    """``H = P [-t sum (c+_i c_j + h.c.) + J sum_<ij> (S_i S_j - n_i n_j / 4)] P``, P without double occupation."""
    particles = SiteFermions(n_up, n_down, lattice.dimension, lattice.sites, exclusive=True)
    exchange: list[Product] = []
    for a, b, _ in lattice.bonds:
        for spin in (0, 1):
            exchange.append((j / 2, hop(a, b, spin) + hop(b, a, 1 - spin)))  # S+ S- / 2
            exchange.append((-j / 2, density(a, spin) + density(b, 1 - spin)))  # S^z S^z - n n / 4
    return _made(particles, [*_hopping(lattice, t, (0, 1)), *exchange], lattice)


def of_products(
    products: Iterable[Product], particles: SiteFermions, lattice: Lattice | None = None
) -> SiteHamiltonian:
    """A sum of one's own. Raises UserError unless it is hermitian and keeps the number of each spin."""
    return _made(particles, list(products), lattice)


def _hopping(lattice: Lattice, t: float, spins: Sequence[int]) -> list[Product]:
    forth = [(-t * phase, hop(j, i, spin)) for i, j, phase in lattice.bonds for spin in spins]
    back = [(-t * complex(phase).conjugate(), hop(i, j, spin)) for i, j, phase in lattice.bonds for spin in spins]
    return [*forth, *back]


def _made(particles: SiteFermions, products: list[Product], lattice: Lattice | None) -> SiteHamiltonian:
    operators = Operators(products, particles.sites)
    if not operators.products:
        raise UserError("operators: expected at least one product that is not zero, came none")
    operators.require_physical()
    return SiteHamiltonian(particles, operators, lattice)
