"""Markov chains of lattice fields and particles, and the analysis of their errors.

Read `sampler` first. `heatbath`, `hmc` (on `dynamics` and `integrators`) and `independence` move lattice fields,
`metropolis` moves particles by the proposals in `moves` and `jumps`; `exact` draws two-dimensional fields without a
chain. `errors` is the Gamma method.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
