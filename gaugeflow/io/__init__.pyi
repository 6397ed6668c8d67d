from .api import convert, read, read_parts, write
from .configuration import Configuration
from .hdf5.ensemble import EnsembleWriter
from .hdf5.scalars import ScalarWriter
from .registry import FORMATS

__all__ = ["FORMATS", "Configuration", "EnsembleWriter", "ScalarWriter", "convert", "read", "read_parts", "write"]
