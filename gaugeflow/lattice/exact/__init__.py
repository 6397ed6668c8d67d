"""Closed forms of two-dimensional gauge theory, on the plane and on the torus; mpmath alone, no torch."""

from gaugeflow.lattice.exact.solution import Exact2D, exact_report

__all__ = ["Exact2D", "exact_report"]
