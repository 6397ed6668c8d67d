"""Linear algebra that stays right where the stock routines do not: unitary spectra, determinants and Pfaffians."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
