"""The hot loops of lattice gauge theory behind one interface: torch (reference), numba (CPU), triton (CUDA)."""

from gaugeflow.kernels.colouring import colour_links
from gaugeflow.kernels.interface import LoopKernels
from gaugeflow.kernels.select import get_kernels, is_traced, path_products
from gaugeflow.kernels.tables import Path, Staples

__all__ = ["LoopKernels", "Path", "Staples", "colour_links", "get_kernels", "is_traced", "path_products"]
