"""The jobs of the package: what `gaugeflow run` knows by name, and the commands on files."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
