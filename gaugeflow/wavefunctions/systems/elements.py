"""Symbols and charges of the elements, and the units of length."""

from gaugeflow.errors import UserError

__all__ = ["BOHR_PER_UNIT", "ELEMENTS", "atomic_number"]

ELEMENTS = ["H", "He", "Li", "Be", "B", "C", "N", "O", "F", "Ne", "Na", "Mg", "Al", "Si", "P", "S", "Cl", "Ar"]

BOHR_PER_UNIT = {"bohr": 1.0, "angstrom": 1 / 0.529177210544}
"""CODATA 2022."""


def atomic_number(symbol: str) -> int:
    """Z of an element. Raises UserError for a symbol that is not known."""
    if symbol not in ELEMENTS:
        near = symbol.strip().capitalize()
        guess = f", did you mean {near!r}?" if near in ELEMENTS else ""
        raise UserError(f"molecule: expected an element from H to Ar as `Li`, came {symbol!r}{guess}")
    return ELEMENTS.index(symbol) + 1
