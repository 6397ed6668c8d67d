"""Mistakes in how the forward Laplacian carries derivatives through features of one place and of one displacement."""

from .mutant import Mutant

__all__ = ["DERIVATIVES"]

RULES = "wavefunctions/laplacian/own_and_pairs.py"
PAIRS = "wavefunctions/test_energy.py::test_every_rule_against_second_derivatives"

DERIVATIVES = (
    Mutant(
        "derivatives: both ends of a pair seen from its first",
        RULES,
        "(pairs.weights.sum(0) * pairs.signs)",
        "-pairs.weights.sum(0)",
        PAIRS,
    ),
    Mutant(
        "derivatives: the Laplacian of a displacement once",
        RULES,
        "2 * pairs.means(y.laplacian)",
        "pairs.means(y.laplacian)",
        PAIRS,
    ),
    Mutant(
        "derivatives: those along a particle's own place left out",
        RULES,
        "copy_(-found.sum(2).movedim(2, -1))",
        "copy_(0 * found.sum(2).movedim(2, -1))",
        PAIRS,
    ),
    Mutant(
        "derivatives: of displacements, where places are not the coordinates",
        RULES,
        "    if not x.coordinates:\n        return pairs.means",
        "    if False:\n        return pairs.means",
        PAIRS,
    ),
)
