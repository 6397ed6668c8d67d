"""Energies of ground states known exactly or to more digits than a variational calculation reaches, in Hartree."""

import math

from gaugeflow.fermions.hamiltonian import Reference
from gaugeflow.fermions.particles import Particles

__all__ = ["atom_reference", "dot_reference"]

TAUT = "closed form, M. Taut, J. Phys. A 27 (1994) 1045 and Phys. Rev. A 48 (1993) 3561"
DMC = "diffusion Monte Carlo, M. P. Lohne et al., Phys. Rev. B 84 (2011) 115302"
NONRELATIVISTIC = "nonrelativistic limit, S. J. Chakravorty et al., Phys. Rev. A 47 (1993) 3649"
HYLLERAAS = "variational to all digits given, G. W. F. Drake, Phys. Scr. T83 (1999) 83; Li: Z.-C. Yan and Drake (1995)"

CLOSED = {
    (1, 1, 2): (1.0, 3.0),
    (2, 0, 2): (1 / 3, 4 / 3),
    (1, 1, 3): (0.5, 2.0),
    (2, 0, 3): (0.25, 1.25),
}
"""Two electrons ``(n_up, n_down, d)`` where psi is a polynomial times a Gaussian: omega, energy."""

DOTS = {
    2: {0.1: 0.44079, 0.28: 1.02164, 0.5: 1.65977},
    6: {0.1: 3.55385, 0.28: 7.60019, 0.5: 11.78484, 1.0: 20.15932},
    12: {0.1: 12.26984, 0.28: 25.63577, 0.5: 39.1596, 1.0: 65.7001},
    20: {0.1: 29.9779, 0.28: 61.92680, 0.5: 93.8752, 1.0: 155.8822},
}
"""Closed shells in two dimensions: n, omega, energy."""

ATOMS = {
    "H": -0.5,
    "He": -2.903724377034,
    "Li": -7.47806032,
    "Be": -14.66736,
    "B": -24.65391,
    "C": -37.8450,
    "N": -54.5892,
    "O": -75.0673,
    "F": -99.7339,
    "Ne": -128.9376,
}
SPINS = {"H": 1, "He": 0, "Li": 1, "Be": 0, "B": 1, "C": 2, "N": 3, "O": 2, "F": 1, "Ne": 0}


def dot_reference(particles: Particles, omega: float) -> Reference | None:
    """Of electrons in a harmonic trap, if it is known."""
    special, energy = CLOSED.get((*particles.counts, particles.dimension), (math.nan, math.nan))
    if math.isclose(omega, special, rel_tol=1e-9):
        return Reference(energy, TAUT, exact=True)
    if particles.dimension == 2 and particles.n_up == particles.n_down and omega in DOTS.get(particles.n, {}):
        return Reference(DOTS[particles.n][omega], DMC, exact=False)
    return None


def atom_reference(symbol: str, particles: Particles) -> Reference | None:
    """Of a neutral atom in the spin state of its ground state. From Be on the last digit is an estimate."""
    if symbol not in ATOMS or abs(particles.n_up - particles.n_down) != SPINS[symbol]:
        return None
    precise = symbol in ("H", "He", "Li")
    return Reference(ATOMS[symbol], HYLLERAAS if precise else NONRELATIVISTIC, exact=precise)
