"""Gauge configurations in files: NERSC, ILDG and SciDAC in LIME, MILC, openQCD, Bridge++, arrays, and HDF5 ensembles.

Read `api` first. A format is one file (`nersc`, `milc`, `openqcd`), families are folders (`bridge`, `lime`, `arrays`,
`hdf5`); `format` says what it has to offer and `registry` names them all.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
