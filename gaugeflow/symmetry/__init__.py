"""One harness for symmetries: f(D(g) x) = D(g) f(x) for anybody's function, with torch alone.

    from gaugeflow.symmetry import Links, SiteMatrices, check
    print(check(network, Links(u), "gauge", out=SiteMatrices))

The names below are loaded when they are first used, so that the pytest plugin costs nothing where it is not.
"""

from importlib import import_module
from typing import Any

_EXPORTS = {
    "asserts": "assert_antisymmetric assert_detailed_balance assert_equivariant assert_extensive "
    "assert_gradient assert_invariant assert_invertible assert_local assert_logdet "
    "assert_reversible assert_smooth",
    "algebra.curie": "Obstacle check_curie forbids",
    "algebra.directions.generated": "generated",
    "algebra.discovery": "Discovery check_symmetries symmetries_of",
    "algebra.noether": "charges check_conserved",
    "algebra.order_parameter": "OrderParameter order_parameter",
    "algebra.separation": "Separation check_separates separates",
    "algebra.lie_algebras": "preserving special_linear",
    "algebra.matrix_group": "MatrixGroup",
    "algebra.o3.clebsch_gordan": "clebsch_gordan",
    "algebra.o3.harmonics": "spherical_harmonics",
    "algebra.o3.wigner": "wigner_d",
    "checks.action": "check_action",
    "checks.bijection": "check_invertible check_logdet",
    "checks.equivariance": "check",
    "actions.euclidean": "Euclidean",
    "actions.fields": "Image Links SiteMatrices SiteScalars SiteVectors",
    "checks.gradient": "check_gradient",
    "checks.markov": "check_detailed_balance check_reversible",
    "checks.replay": "replay",
    "checks.systems.extensive": "check_extensive",
    "checks.systems.local": "check_local",
    "checks.systems.smooth": "check_smooth",
    "actions.gauge": "Centre ChargeConjugation GlobalGauge LocalGauge",
    "actions.groups": "GROUPS Element Group InfiniteGroup NoAction Product group_named refused represent trivial",
    "actions.images": "Cyclic Dihedral",
    "actions.irreps": "IrrepFeatures Irreps PointIrreps",
    "actions.lattice": "GlobalSign Hypercubic TimeReversal Translations",
    "actions.orbital_matrices": "Atoms OrbitalMatrices",
    "actions.particles": "EdgeIndex Electrons PairFeatures PointFeatures Points",
    "actions.permutations": "Permutations",
    "reports.case": "Case",
    "reports.findings": "Finding Verdict",
    "reports.report": "Report SymmetryBroken",
    "routes.measure": "Measurement measure",
    "actions.scalars": "Angles CartesianTensors Cell Invariants PolyakovLoop Scalars SignedLog",
    "actions.values": "VALUES Value",
    "algebra.characters": "conjugacy_classes irreducible_characters multiplication_table",
    "algebra.representations.commutant": "Part irreducible_parts",
    "algebra.representations.completeness": "Completeness check_complete",
    "algebra.representations.finite": "FiniteGroup by_matrices induced regular",
    "algebra.representations.intertwiners": "EquivariantLinear Intertwiners intertwiners",
    "algebra.representations.regression": "EquivariantKernel equivariant_ridge fit_kernel",
    "algebra.representations.representation": "Representation representation",
}
_ROOMS = ("routes",)
"""Sub-rooms that are public as a whole, with lists of their own."""
_HOME = {name: module for module, names in _EXPORTS.items() for name in names.split()}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return import_module(f"{__name__}.{name}")
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return [*globals(), *__all__, *_ROOMS]
