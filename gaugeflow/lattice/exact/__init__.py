"""Closed forms of two-dimensional gauge theory, on the plane and on the torus; mpmath alone, no torch.

Read `solution` first; its sums are over `characters`. `charge` is the geometric charge of U(1). `character_series`,
which the functions above do not load, evaluates such sums on fields of group elements.
"""

from gaugeflow.lattice.exact.solution import Exact2D, exact_report

__all__ = ["Exact2D", "exact_report"]
