"""The tables, each a function from committed reports to markdown, by name."""

from result_tables import checks, cost, ensembles, flows, preconditioner, regression, speed, wavefunctions  # noqa: F401  (register)
from result_tables.table import ROOT, TABLES

__all__ = ["ROOT", "TABLES"]
