"""Gauge and scalar fields on periodic lattices of any dimension: loops, actions, observables, smearing and flow.

Read `fields`, `paths` and `loops` first, then `action` and `loop_action`. The closed forms in two dimensions are in
:mod:`gaugeflow.lattice.exact`, which loads mpmath; `refinement` cuts the cells of two-dimensional fields in two.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
