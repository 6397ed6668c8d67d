"""Runs: the strict configuration, the run directory, checkpoints, recorded numbers, and the loop of every task."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
