"""Mistakes that tests must find: what each puts in place of what, and the tests that are to fail."""

from .derivatives import DERIVATIVES
from .diffusion import DIFFUSION
from .mutant import Mutant
from .optimizers import OPTIMIZERS
from .paths import PATHS
from .readers import READERS
from .reports import REPORTS
from .samplers import SAMPLERS
from .sites import SITES
from .starts import STARTS
from .symmetries import SYMMETRIES

__all__ = ["MUTANTS", "Mutant"]

MUTANTS: tuple[Mutant, ...] = (
    *REPORTS,
    *SAMPLERS,
    *READERS,
    *OPTIMIZERS,
    *STARTS,
    *DERIVATIVES,
    *DIFFUSION,
    *SYMMETRIES,
    *SITES,
    *PATHS,
)
"""All of them."""
