"""Every known mistake in a wavefunction, a part of one or a Hamiltonian is found out, in both precisions."""

from dataclasses import replace

import pytest

from gaugeflow.symmetry.breakers import power_of
from tests.registry.wavefunctions import LINES
from tests.wavefunctions.cases import ANSATZ

pytestmark = pytest.mark.slow

EVERY = [(family, claim) for family, line in LINES.items() for claim in line.claims()]
TWICE = ("dot 3 + 0", *(f"LiH, {ansatz}, ferminet" for ansatz in tuple(ANSATZ)[1:4]))
CLAIMS = {f"{family}: {claim.name}": claim for family, claim in EVERY if not claim.name.startswith(TWICE)}
"""One system for each ansatz, with one backbone."""
LEAST = {
    "fermion wavefunctions": 5,
    "wavefunctions of bosons": 5,
    "orbitals of wavefunctions": 7,
    "backbones of wavefunctions": 7,
    "features of particles": 9,
    "factors of wavefunctions": 6,
    "potentials of particles": 6,
    "local energies": 5,
    "densities in shells": 8,
    "matrices of atomic orbitals": 10,
}
"""How many breakers apply to each claim of a family, at the least."""
FEW = {"projected on A1": 1, "modulus of the part B1": 3}
"""Of D4 about the middle alone: mistakes in the order of particles and most of those in coordinates commute with it."""
AT_ONCE = {"fresh": False, "chunk_size": 8}
"""Every trial in one call."""

HANDED, NEIGHBOUR = "handed cross product", "neighbour in the list"
STILL_HOLDS = {
    # |d + d x w| is the same for w and -w
    **dict.fromkeys(
        ("pair distances", "PairJastrow", "Gaussian", "quantum dot", "Coulomb", "HarmonicPairs"), (HANDED,)
    ),
    # the centre of mass only grows, and in a ring of three all are neighbours
    **dict.fromkeys(("CentreOfMass", "harmonic trap"), (NEIGHBOUR,)),
    # the only axis, and no distance is told from a longer one
    **dict.fromkeys(("log psi on a ring", "ContactCusp", "ContactCusp on a ring"), ("anisotropic axis",)),
    # nobody changes places
    **dict.fromkeys(
        ("cusps and nuclei", "electrons and nuclei", "vector cloud and nuclei", "shells of a molecule"), (NEIGHBOUR,)
    ),
}
"""What leaves a function of distances or sums as symmetric as it was, by the name of the claim."""


@pytest.mark.parametrize("name", CLAIMS)
def test_no_breaker_is_missed(name: str) -> None:
    family, _, own = name.partition(": ")
    claim = replace(CLAIMS[name], options=AT_ONCE)
    kills = power_of(claim, strengths=(1.0,), seed=1, trials=8)
    assert tuple(kill.breaker for kill in kills if kill.outcome == "missed") == STILL_HOLDS.get(own, ())
    caught = [kill.breaker for kill in kills if kill.outcome == "caught"]
    assert len(caught) >= FEW.get(own, LEAST[family]), caught


def test_claims_have_names_of_their_own() -> None:
    assert len({(family, claim.name) for family, claim in EVERY}) == len(EVERY)
