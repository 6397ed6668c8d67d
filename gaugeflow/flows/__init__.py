"""Normalizing flows of lattice fields: bases, bijections, the model, losses and exact use of its samples.

Read `flow` first: the model is a base and layers behind it. Bases are in `bases`, layers in `coupling`, `continuous`,
`refinement` and `scalar`, those that integrate an equation share `integrated`; `nonequilibrium` has Monte Carlo updates
between layers. `losses`, `natural` and `galerkin` train and fit, `statistics` is what weighted samples say.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
