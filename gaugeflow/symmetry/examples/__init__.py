"""Small reference models, one for each kind of symmetry: they hold it exactly, and the breakers are tried on them."""

from gaugeflow.symmetry.examples.cases import CASES, Case, case

__all__ = ["CASES", "Case", "case"]
