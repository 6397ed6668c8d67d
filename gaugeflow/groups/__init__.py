"""The gauge groups U(1) and SU(N) as batched, differentiable tensor operations."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
