"""Fermions on lattice sites in second quantization: configurations, Hamiltonians, exact states, wavefunctions.

Read `configurations` and `operators` first: modes are up spins site by site, then down spins, and the sign of every
operator comes from `Operators` alone. `lattices` and `hamiltonians` make what is calculated, `exact` diagonalises it;
`site_orbitals`, `site_backbones`, `hidden` and `site_factors` are the parts of wavefunctions beside those of the
continuum, and `mean_fields` where they begin; `hops` and `kept` sample them, `site_energy` is their local energy,
`observables` what else is measured, `symmetries` how motions of the lattice act, and `sectors` what has a momentum or
another character under them.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
