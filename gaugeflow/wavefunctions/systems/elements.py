"""Symbols, charges and spins of the elements, and the units of length."""

from gaugeflow.errors import UserError

__all__ = ["BOHR_PER_UNIT", "ELEMENTS", "SPINS", "atomic_number", "ground_spin"]

_SYMBOLS = (
    "H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar "
    "K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br Kr "
    "Rb Sr Y Zr Nb Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe "
    "Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb Lu Hf Ta W Re Os Ir Pt Au Hg Tl Pb Bi Po At Rn"
)
ELEMENTS = _SYMBOLS.split()
"""Up to the last one for which J. C. Slater's rules give exponents."""

SPINS = [
    int(unpaired)
    for unpaired in (
        "10"
        "10123210"
        "10123210"
        "101236543210123210"  # Cr and Cu have one s electron
        "101256543010123210"  # so have Nb to Rh and Ag; Pd has none
        "10103456785432101234543210123210"  # 1G for Ce, 9D for Gd, 3D for Pt, 2S for Au
    )
]
"""``n_up - n_down`` of the ground states of the neutral atoms, 2S of the NIST Atomic Spectra Database: Hund's rule with
its exceptions."""
MAIN_GROUPS = 19
"""Ions of up to so many electrons are like the atom with as many: s and p shells, and one electron beyond argon."""
CLOSED = (36, 54, 86)
"""Electrons of the heavier noble gases, which ions have too."""

BOHR_PER_UNIT = {"bohr": 1.0, "angstrom": 1 / 0.529177210544}
"""CODATA 2022."""


def atomic_number(symbol: str) -> int:
    """Z of an element. Raises UserError for a symbol that is not known."""
    if symbol not in ELEMENTS:
        near = symbol.strip().capitalize()
        guess = f", did you mean {near!r}?" if near in ELEMENTS else ""
        raise UserError(f"molecule: expected an element from H to Rn as `Li`, came {symbol!r}{guess}")
    return ELEMENTS.index(symbol) + 1


def ground_spin(number: int, electrons: int) -> int:
    """``n_up - n_down`` of the ground state of an atom or an ion with at least one electron.

    Raises:
        UserError: an ion whose d or f shell may be open, where no rule holds without exceptions.
    """
    if electrons != number and electrons > MAIN_GROUPS and electrons not in CLOSED:
        ion = f"{ELEMENTS[number - 1]} with {electrons} electrons"
        raise UserError(
            f"molecule: expected the spin n_up - n_down of {ion}, came none: Hund's rule is sure for neutral atoms, "
            f"closed shells, and ions of at most {MAIN_GROUPS} electrons"
        )
    return SPINS[electrons - 1]
