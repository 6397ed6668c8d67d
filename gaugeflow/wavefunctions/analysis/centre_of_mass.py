"""The centre of mass in a harmonic trap, which is free of all interactions."""

from gaugeflow.wavefunctions.analysis.identity import Identity, absent, found
from gaugeflow.wavefunctions.analysis.sampled import Sampled
from gaugeflow.wavefunctions.systems.potentials import Contact, Coulomb, HarmonicPairs, HarmonicTrap, InverseSquare

__all__ = ["centre_of_mass"]

PAIRS = (Contact, Coulomb, HarmonicPairs, InverseSquare)
SAYS = "<R^2> = d / (2 N omega)"


def centre_of_mass(sampled: Sampled) -> Identity:
    """``<R^2> = d / (2 N omega)`` for any pair interaction: the motion of R = (1/N) sum r_i separates (W. Kohn, Phys.
    Rev. 123 (1961) 1242) and is that of one particle of mass N."""
    terms = sampled.hamiltonian.potentials
    traps = [term for term in terms if isinstance(term, HarmonicTrap)]
    others = [term for term in terms if not isinstance(term, (HarmonicTrap, *PAIRS))]
    if len(traps) != 1 or others:
        return absent("centre of mass", SAYS, "expected one harmonic trap and pair interactions")
    particles = sampled.particles
    expected = particles.dimension / (2 * particles.n * traps[0].omega)
    return found("centre of mass", SAYS, sampled.by_walker(sampled.x.mean(1).square().sum(-1)), expected)
