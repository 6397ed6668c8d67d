"""Groups, value types, and how one acts on the other. Whoever needs one of them knows all of them by name."""

from gaugeflow.symmetry.actions import (
    euclidean,  # noqa: F401  (register their groups)
    gauge,  # noqa: F401  (register their groups)
    images,  # noqa: F401  (register their groups)
    irreps,  # noqa: F401  (register their values)
    lattice,  # noqa: F401  (register their groups)
    orbital_matrices,  # noqa: F401  (register their values)
    permutations,  # noqa: F401  (register their groups)
)
