"""Gauge-equivariant layers: maps of links and site matrices that commute with local gauge transformations exactly.

Links are those of :mod:`gaugeflow.lattice`; site matrices are complex ``(batch, channels, *shape, N, N)`` and transform
as ``W(x) -> Omega(x) W(x) Omega(x)^dagger``. U(1) has N = 1: its site matrices are invariant complex numbers.

Read `theory` and `layer` first, then the `layers` and the `network` made of them. `potential` and `smearing` are its
uses, `channels` and `weight` hold lattice rotations, `sums` are the hot loops. `vectors` are linear maps of site
vectors, ``v(x) -> Omega(x) v(x)``, and a preconditioner made of them.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
