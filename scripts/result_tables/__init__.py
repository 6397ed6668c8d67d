"""The tables, each a function from committed reports to markdown, by name."""

from result_tables import (  # noqa: F401  (register)
    algebra,
    checks,
    cost,
    couplings,
    defects,
    dots,
    ensembles,
    ess_map,
    flows,
    frozen,
    hamiltonian,
    preconditioner,
    protocols,
    regression,
    routes,
    sites,
    size_consistency,
    space,
    speed,
    symmetrized,
    topology,
    wavefunctions,
)
from result_tables.table import ROOT, TABLES

__all__ = ["ROOT", "TABLES"]
