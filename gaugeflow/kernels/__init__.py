"""The hot loops of lattice gauge theory behind one interface: torch (reference), numba (CPU), triton (CUDA)."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
