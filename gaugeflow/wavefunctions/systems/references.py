"""Energies of ground states known exactly or to more digits than a variational calculation reaches, in Hartree."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from gaugeflow.wavefunctions.hamiltonian import Reference
from gaugeflow.wavefunctions.particles import Particles

__all__ = ["dot_references", "molecule_references"]

TAUT = "M. Taut, J. Phys. A 27 (1994) 1045 and Phys. Rev. A 48 (1993) 3561"
HOGBERGET = "J. Hogberget, master thesis, University of Oslo (2013)"
LOHNE = "M. P. Lohne et al., Phys. Rev. B 84 (2011) 115302"
OLSEN = "V. K. B. Olsen, master thesis, University of Oslo (2012)"
NONRELATIVISTIC = "S. J. Chakravorty et al., Phys. Rev. A 47 (1993) 3649"
DRAKE = "G. W. F. Drake, Phys. Scr. T83 (1999) 83"
YAN = "Z.-C. Yan and G. W. F. Drake, Phys. Rev. A 52 (1995) 3711"
PUCHALSKI = "M. Puchalski, J. Komasa and K. Pachucki, Phys. Rev. A 87 (2013) 030502"
PACHUCKI = "K. Pachucki, Phys. Rev. A 82 (2010) 032509, arXiv:1007.0322"
CENCEK = "W. Cencek and J. Rychlewski, Chem. Phys. Lett. 320 (2000) 549"
FERMINET = "as quoted in arXiv:1909.02487"
CHAIN = "M. Motta et al., Phys. Rev. X 7 (2017) 031059"

DIFFUSION, FULL_CI = "fixed-node diffusion Monte Carlo", "full CI with effective interaction"
DIGITS, ESTIMATE = "variational to all digits given", "estimate"

CLOSED = {
    (1, 1, 2): (1.0, 3.0),
    (2, 0, 2): (1 / 3, 4 / 3),
    (1, 1, 3): (0.5, 2.0),
    (2, 0, 3): (0.25, 1.25),
}
"""Two electrons ``(n_up, n_down, d)`` where psi is a polynomial times a Gaussian: omega, energy."""

Digits = tuple[float, float | None]

DOTS: list[tuple[str, str, int, dict[int, dict[float, Digits]]]] = [
    (
        DIFFUSION,
        HOGBERGET,
        2,
        {
            2: {0.1: (0.44079, None), 0.28: (1.02164, None), 0.5: (1.65977, None)},
            6: {0.1: (3.55385, 5e-5), 0.28: (7.60019, None), 0.5: (11.78484, 6e-5), 1.0: (20.15932, 8e-5)},
            12: {0.1: (12.26984, None), 0.28: (25.63577, None), 0.5: (39.1596, None), 1.0: (65.7001, 1e-4)},
            20: {0.1: (29.9779, None), 0.28: (61.92680, None), 0.5: (93.8752, None), 1.0: (155.8822, 1e-4)},
        },
    ),
    (
        DIFFUSION,
        LOHNE,
        2,
        {
            6: {0.28: (7.6001, 1e-4), 0.5: (11.7888, 2e-4), 1.0: (20.1597, 2e-4)},
            12: {0.5: (39.159, 1e-3), 1.0: (65.700, 1e-3)},
            20: {0.28: (61.922, None), 0.5: (93.867, 3e-3), 1.0: (155.868, 6e-3)},
        },
    ),
    (
        FULL_CI,
        OLSEN,
        2,
        {6: {0.1: (3.551776, None), 0.28: (7.599579, None), 0.5: (11.785915, None), 1.0: (20.160472, None)}},
    ),
    (
        DIFFUSION,
        HOGBERGET,
        3,
        {
            8: {0.1: (5.7028, 1e-4), 0.28: (12.1927, 1e-4), 0.5: (18.9611, 1e-4), 1.0: (32.6680, 1e-4)},
            20: {0.1: (27.2717, None), 0.28: (56.3868, None), 0.5: (85.6555, None), 1.0: (142.8875, None)},
        },
    ),
]
"""Closed shells: kind, source, dimension; n, omega, energy with its error where the source gives one."""

ATOMS: dict[tuple[str, int], Reference] = {
    ("H", 1): Reference(-0.5, DRAKE, exact=True),
    ("He", 0): Reference(-2.903724377034, DRAKE, exact=True, kind=DIGITS),
    ("He", 2): Reference(-2.175229378236, DRAKE, exact=True, kind=DIGITS),
    ("Li", 1): Reference(-7.47806032, YAN, exact=True, kind=DIGITS),
    ("Be", 0): Reference(-14.667356498, PUCHALSKI, exact=True, kind=DIGITS),
    **{
        (symbol, spin): Reference(energy, NONRELATIVISTIC, exact=False, kind=ESTIMATE)
        for symbol, spin, energy in (
            ("B", 1, -24.65391),
            ("C", 2, -37.8450),
            ("N", 3, -54.5892),
            ("O", 2, -75.0673),
            ("F", 1, -99.7339),
            ("Ne", 0, -128.9376),
        )
    },
}
"""By symbol and n_up - n_down: ground states, and the lowest triplet of helium."""

HYDROGEN = {
    0.8: -1.0200566663601389,
    1.0: -1.1245397195465791,
    1.2: -1.1649352434400281,
    1.4: -1.1744757142200755,
    2.0: -1.1381329571315035,
    3.0: -1.0573262688692439,
    4.0: -1.0163902529471283,
    6.0: -1.0008357076542279,
}
"""The molecule by its bond in bohr."""

CHAINS: list[tuple[list[str], float, Reference]] = [
    *((["H", "H"], bond, Reference(energy, PACHUCKI, True, DIGITS)) for bond, energy in HYDROGEN.items()),
    (["Li", "H"], 3.015, Reference(-8.070548, CENCEK, True, "estimate good to a microhartree")),
    (["Li", "Li"], 5.051, Reference(-14.9954, FERMINET, False, ESTIMATE)),
    (["N", "N"], 2.068, Reference(-109.5423, FERMINET, False, ESTIMATE)),
    (["H"] * 10, 1.8, Reference(-5.6655, CHAIN, False, "extrapolated by several methods")),
]
"""Nuclei on a line at equal distances in bohr, which for two of them is every molecule."""
SAME_PLACE = 2e-3
"""In bohr: 3.015 bohr as 1.595 angstrom; near equilibrium that changes an energy by a microhartree at most."""


def dot_references(particles: Particles, omega: float) -> tuple[Reference, ...]:
    """What is known of electrons in a harmonic trap; the lowest fixed-node energy with all its digits first."""
    special, energy = CLOSED.get((*particles.counts, particles.dimension), (math.nan, math.nan))
    if math.isclose(omega, special, rel_tol=1e-9):
        return (Reference(energy, TAUT, exact=True),)
    if particles.n_up != particles.n_down:
        return ()
    found = [
        (kind, source, table[particles.n][omega])
        for kind, source, dimension, table in DOTS
        if dimension == particles.dimension and omega in table.get(particles.n, {})
    ]
    return tuple(Reference(energy, source, False, kind, error) for kind, source, (energy, error) in found)


def molecule_references(elements: Sequence[str], centres: Tensor, particles: Particles) -> tuple[Reference, ...]:
    """Of neutral atoms and of some molecules in the spin state of their ground state, at the distances that are known.

    Args:
        elements: symbols of the nuclei.
        centres: where they are in bohr, ``(I, 3)``, turned and moved at will.
    """
    if len(elements) == 1:
        atom = ATOMS.get((elements[0], abs(particles.n_up - particles.n_down)))
        return () if atom is None else (atom,)
    if particles.n_up != particles.n_down:
        return ()
    for known, bond, reference in CHAINS:
        places = bond * torch.arange(len(known), dtype=torch.float64)[:, None]
        same = sorted(known) == sorted(elements) and len(known) == len(elements)
        if same and float((_distances(places) - _distances(centres)).abs().max()) < SAME_PLACE:
            return (reference,)
    return ()


def _distances(places: Tensor) -> Tensor:
    """Between all nuclei, sorted: what neither a rotation nor a shift changes."""
    return torch.pdist(places.double()).sort().values
