from .colouring import colour_links
from .interface import LoopKernels
from .polynomials import LoopPolynomials
from .select import get_kernels, get_loop_polynomials, is_traced, path_products, strength_products
from .tables import Path, Profile, Region, Staples

__all__ = [
    "LoopKernels",
    "LoopPolynomials",
    "Path",
    "Profile",
    "Region",
    "Staples",
    "colour_links",
    "get_kernels",
    "get_loop_polynomials",
    "is_traced",
    "path_products",
    "strength_products",
]
