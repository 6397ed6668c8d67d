"""Linear algebra that stays right where the stock routines do not: unitary spectra, determinants and Pfaffians.

Beside it conjugate gradients, for operators that are known by what they do to a vector.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
