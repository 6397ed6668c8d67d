from .configurations import SiteFermions, from_lists, to_lists
from .enumeration.orbits import Orbits
from .exact import ExactStates, exact_states, sector_energies
from .hamiltonians import SiteHamiltonian, hubbard, of_products, t_j, t_v
from .hidden import HiddenDeterminants, HiddenPfaffians
from .hops import Enumerated, Hop, SwapSites
from .kept.determinants import RankOne
from .kept.pfaffians import RankTwo
from .lattices import Lattice, lattice
from .mean_fields.begin import begin_in_pairs, pair_columns
from .mean_fields.energy import Uncorrelated
from .mean_fields.lowest import MeanField, hartree_fock, paired
from .observables import double_occupancy, structure_factors, total_spin_operator
from .operators import Factor, Operators, parse
from .sectors.sector import sector
from .sectors.site_canonical import SiteCanonical
from .sectors.site_images import SiteImages
from .sectors.site_projected import SiteProjected
from .site_backbones import SiteAttention, SiteBackbone, SiteConvolution, SiteDense
from .site_backflow import SiteBackflow
from .site_energy import local_value
from .site_factors import SiteJastrow
from .site_orbitals import ComplexOrbitals, SiteOrbitals, lowest_orbitals, side_by_side
from .symmetries import Occupations, SiteGroup, moved

__all__ = [
    "ComplexOrbitals",
    "Enumerated",
    "ExactStates",
    "Factor",
    "HiddenDeterminants",
    "HiddenPfaffians",
    "Hop",
    "Lattice",
    "MeanField",
    "Occupations",
    "Operators",
    "Orbits",
    "RankOne",
    "RankTwo",
    "SiteAttention",
    "SiteBackbone",
    "SiteBackflow",
    "SiteCanonical",
    "SiteConvolution",
    "SiteDense",
    "SiteFermions",
    "SiteGroup",
    "SiteHamiltonian",
    "SiteImages",
    "SiteJastrow",
    "SiteOrbitals",
    "SiteProjected",
    "SwapSites",
    "Uncorrelated",
    "begin_in_pairs",
    "double_occupancy",
    "exact_states",
    "from_lists",
    "hartree_fock",
    "hubbard",
    "lattice",
    "local_value",
    "lowest_orbitals",
    "moved",
    "of_products",
    "pair_columns",
    "paired",
    "parse",
    "sector",
    "sector_energies",
    "side_by_side",
    "structure_factors",
    "t_j",
    "t_v",
    "to_lists",
    "total_spin_operator",
]
