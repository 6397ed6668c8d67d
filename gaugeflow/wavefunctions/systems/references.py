"""Energies of ground states known exactly or to more digits than a variational calculation reaches, in Hartree."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from gaugeflow.wavefunctions.hamiltonian import Reference
from gaugeflow.wavefunctions.particles import Particles

__all__ = ["dot_reference", "molecule_reference"]

TAUT = "closed form, M. Taut, J. Phys. A 27 (1994) 1045 and Phys. Rev. A 48 (1993) 3561"
DMC = "diffusion Monte Carlo, M. P. Lohne et al., Phys. Rev. B 84 (2011) 115302"
NONRELATIVISTIC = "nonrelativistic limit, S. J. Chakravorty et al., Phys. Rev. A 47 (1993) 3649"
HYLLERAAS = "variational to all digits given, G. W. F. Drake, Phys. Scr. T83 (1999) 83; Li: Z.-C. Yan and Drake (1995)"
SIMS = "variational to all digits given, J. S. Sims and S. A. Hagstrom, J. Chem. Phys. 124 (2006) 094101"
CENCEK = "estimate good to a microhartree, W. Cencek and J. Rychlewski, Chem. Phys. Lett. 320 (2000) 549"
FERMINET = "estimated exact energy as quoted in arXiv:1909.02487"
CHAIN = "extrapolated by several methods, M. Motta et al., Phys. Rev. X 7 (2017) 031059"

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

CHAINS: list[tuple[list[str], float, Reference]] = [
    (["H", "H"], 1.4, Reference(-1.174476, SIMS, exact=True)),
    (["Li", "H"], 3.015, Reference(-8.070548, CENCEK, exact=True)),
    (["Li", "Li"], 5.051, Reference(-14.9954, FERMINET, exact=False)),
    (["N", "N"], 2.068, Reference(-109.5423, FERMINET, exact=False)),
    (["H"] * 10, 1.8, Reference(-5.6655, CHAIN, exact=False)),
]
"""Nuclei on a line at equal distances in bohr, which for two of them is every molecule."""
SAME_PLACE = 2e-3
"""In bohr: 3.015 bohr as 1.595 angstrom; near equilibrium that changes an energy by a microhartree at most."""


def dot_reference(particles: Particles, omega: float) -> Reference | None:
    """Of electrons in a harmonic trap, if it is known."""
    special, energy = CLOSED.get((*particles.counts, particles.dimension), (math.nan, math.nan))
    if math.isclose(omega, special, rel_tol=1e-9):
        return Reference(energy, TAUT, exact=True)
    if particles.dimension == 2 and particles.n_up == particles.n_down and omega in DOTS.get(particles.n, {}):
        return Reference(DOTS[particles.n][omega], DMC, exact=False)
    return None


def molecule_reference(elements: Sequence[str], centres: Tensor, particles: Particles) -> Reference | None:
    """Of neutral atoms and of some molecules in the spin state of their ground state, at the distances that are known.

    Args:
        elements: symbols of the nuclei.
        centres: where they are in bohr, ``(I, 3)``, turned and moved at will.
    """
    if len(elements) == 1:
        return _atom(elements[0], particles)
    if particles.n_up != particles.n_down:
        return None
    for known, bond, reference in CHAINS:
        places = bond * torch.arange(len(known), dtype=torch.float64)[:, None]
        same = sorted(known) == sorted(elements) and len(known) == len(elements)
        if same and float((_distances(places) - _distances(centres)).abs().max()) < SAME_PLACE:
            return reference
    return None


def _atom(symbol: str, particles: Particles) -> Reference | None:
    """From Be on the last digit is an estimate."""
    if symbol not in ATOMS or abs(particles.n_up - particles.n_down) != SPINS[symbol]:
        return None
    precise = symbol in ("H", "He", "Li")
    return Reference(ATOMS[symbol], HYLLERAAS if precise else NONRELATIVISTIC, exact=precise)


def _distances(places: Tensor) -> Tensor:
    """Between all nuclei, sorted: what neither a rotation nor a shift changes."""
    return torch.pdist(places.double()).sort().values
