from .configurations import SiteFermions, from_lists, to_lists
from .enumeration.orbits import Orbits
from .exact import ExactStates, exact_states, sector_energies
from .hamiltonians import SiteHamiltonian, hubbard, of_products, t_j, t_v
from .hidden import HiddenDeterminants
from .hops import Enumerated, Hop, SwapSites
from .lattices import Lattice, lattice
from .observables import double_occupancy, structure_factors, total_spin_operator
from .operators import Factor, Operators, parse
from .rank_one import RankOne
from .sectors.sector import sector
from .sectors.site_projected import SiteProjected
from .site_backbones import SiteAttention, SiteBackbone, SiteConvolution, SiteDense
from .site_energy import local_value
from .site_factors import SiteJastrow
from .site_orbitals import ComplexOrbitals, SiteOrbitals, lowest_orbitals
from .symmetries import Occupations, SiteGroup, moved

__all__ = [
    "ComplexOrbitals",
    "Enumerated",
    "ExactStates",
    "Factor",
    "HiddenDeterminants",
    "Hop",
    "Lattice",
    "Occupations",
    "Operators",
    "Orbits",
    "RankOne",
    "SiteAttention",
    "SiteBackbone",
    "SiteConvolution",
    "SiteDense",
    "SiteFermions",
    "SiteGroup",
    "SiteHamiltonian",
    "SiteJastrow",
    "SiteOrbitals",
    "SiteProjected",
    "SwapSites",
    "double_occupancy",
    "exact_states",
    "from_lists",
    "hubbard",
    "lattice",
    "local_value",
    "lowest_orbitals",
    "moved",
    "of_products",
    "parse",
    "sector",
    "sector_energies",
    "structure_factors",
    "t_j",
    "t_v",
    "to_lists",
    "total_spin_operator",
]
