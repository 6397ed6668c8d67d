"""The hot loops of lattice gauge theory behind one interface: torch (reference), numba (CPU), triton (CUDA)."""

from gaugeflow.kernels.colouring import colour_links
from gaugeflow.kernels.interface import LoopKernels
from gaugeflow.kernels.polynomials import LoopPolynomials
from gaugeflow.kernels.select import get_kernels, get_loop_polynomials, is_traced, path_products
from gaugeflow.kernels.tables import Path, Staples

__all__ = [
    "LoopKernels",
    "LoopPolynomials",
    "Path",
    "Staples",
    "colour_links",
    "get_kernels",
    "get_loop_polynomials",
    "is_traced",
    "path_products",
]
