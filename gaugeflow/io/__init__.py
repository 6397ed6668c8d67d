"""Gauge configurations in files: NERSC, ILDG and SciDAC in LIME, MILC v5, Bridge++ text, and HDF5 ensembles."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
