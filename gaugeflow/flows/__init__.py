"""Normalizing flows of lattice fields: bases, bijections, the model, losses and exact use of its samples."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
