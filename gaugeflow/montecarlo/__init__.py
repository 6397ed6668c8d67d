"""Markov chains of lattice fields and particles, and the analysis of their errors."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
