"""Molecules in XYZ files: a number of atoms, a line of comment, and for each atom its symbol and place in angstrom."""

import math
from pathlib import Path

from gaugeflow.errors import UserError
from gaugeflow.wavefunctions.systems.elements import ELEMENTS

__all__ = ["Atom", "read_xyz"]

Atom = list[str | float]
"""A symbol and three coordinates."""


def read_xyz(path: Path) -> list[Atom]:
    """The atoms of a file, coordinates in angstrom. What stands behind the coordinates of an atom is left out.

    An atomic number may stand for the symbol.

    Raises:
        UserError: there is no such file, it is not text of this form, or it holds more than one molecule.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: expected an XYZ file, came none that can be read ({error})") from error
    count = lines[0].strip() if lines else ""
    if not (count.isascii() and count.isdigit() and int(count) > 0):
        raise UserError(f"{path}: line 1: expected the number of atoms, came {count[:40]!r}")
    atoms, rest = lines[2 : 2 + int(count)], lines[2 + int(count) :]
    if len(atoms) < int(count) or any(line.strip() for line in rest):
        came = f"{len(atoms)} lines" if len(atoms) < int(count) else "more lines behind them, as of a second molecule"
        raise UserError(f"{path}: expected {count} atoms behind the line of comment, came {came}")
    return [_atom(line, f"{path}: line {number}") for number, line in enumerate(atoms, 3)]


def _atom(line: str, place: str) -> Atom:
    symbol, *numbers = line.split()[:4] or [""]
    try:
        coordinates = [float(number) for number in numbers]
    except ValueError:
        coordinates = []
    if len(coordinates) != 3 or not all(map(math.isfinite, coordinates)):
        raise UserError(f"{place}: expected a symbol and three finite numbers as `Li 0 0 1.595`, came {line[:60]!r}")
    known = symbol.isascii() and symbol.isdigit() and 1 <= int(symbol) <= len(ELEMENTS)
    return [ELEMENTS[int(symbol) - 1] if known else symbol, *coordinates]
