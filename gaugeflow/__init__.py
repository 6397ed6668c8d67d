"""gaugeflow: physical distributions sampled by models that hold their symmetry exactly.

The rooms are imported by name (``gaugeflow.lattice``, ``gaugeflow.symmetry``, ...); importing the package
itself loads nothing, so that ``gaugeflow.symmetry`` costs no more than torch.
"""

__version__ = "0.1.0"

__all__ = ["__version__"]
