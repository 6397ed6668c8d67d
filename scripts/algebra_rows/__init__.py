"""The questions of `scripts/algebra.py` with the answers that are known, by table."""

from algebra_rows import (  # noqa: F401  (they register)
    charges,
    discovery,
    irreps,
    layers,
    maps,
    parts,
    regression,
    separation,
)
from algebra_rows.row import ROWS, Row

__all__ = ["ROWS", "Row"]
