"""Gauge configurations in files: NERSC, ILDG and SciDAC in LIME, MILC v5, Bridge++ text, and HDF5 ensembles."""

from gaugeflow.io.api import convert, read, write
from gaugeflow.io.configuration import Configuration
from gaugeflow.io.hdf5.ensemble import EnsembleWriter
from gaugeflow.io.hdf5.scalars import ScalarWriter
from gaugeflow.io.registry import FORMATS

__all__ = ["FORMATS", "Configuration", "EnsembleWriter", "ScalarWriter", "convert", "read", "write"]
