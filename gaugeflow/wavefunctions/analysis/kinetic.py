"""Identities of the kinetic energy: the virial theorem, and two estimators of one number."""

from gaugeflow.wavefunctions.analysis.identity import Identity, absent, found
from gaugeflow.wavefunctions.analysis.sampled import Sampled
from gaugeflow.wavefunctions.systems.potentials import Contact, Nuclei

__all__ = ["two_estimators", "virial"]

VIRIAL = "2T = sum of k V over potentials of degree k"
ESTIMATORS = "<-Lap psi / psi> = <(grad log psi)^2>, smooth at nodes, in Hartree"

SMALLEST = 1e-300
"""Of the squares of gradients, for a constant psi."""


def virial(sampled: Sampled) -> Identity:
    """``2T - sum_k k V_k = 0`` for potentials that are homogeneous about one centre.

    V. Fock, Z. Phys. 63 (1930) 855. Of several nuclei ``2T + V = -sum_I R_I . dE/dR_I``, which is zero where no force
    acts: a number that is no test.
    """
    terms = sampled.hamiltonian.potentials
    unknown = [type(term).__name__ for term in terms if not hasattr(term, "degree")]
    if unknown:
        return absent("virial", VIRIAL, f"expected a degree of each potential: {', '.join(unknown)} says none")
    local = 2 * sampled.kinetic
    for term in terms:
        local = local - term.degree * term(sampled.x)  # type: ignore[attr-defined]
    fixed = [term for term in terms if isinstance(term, Nuclei) and len(term.charges) > 1]
    if fixed:
        return found("virial", "2T + V = -sum_I R_I dE/dR_I", sampled.by_walker(local), None)
    return found("virial", VIRIAL, sampled.by_walker(local), 0.0)


def two_estimators(sampled: Sampled) -> Identity:
    """Green's theorem for ``s psi grad psi``: a jump or kink of psi, or a Laplacian that is wrong, breaks it.

    With s = 1 it says ``-<Lap psi / psi> = <v^2>``, v = grad log|psi|. At a distance r from a node both sides go like
    1/r^2, and their difference has no variance. It has one with ``s = 1 / (1 + (R v)^2)``, like r^2 there, and

        < s (Lap log|psi| + 2 v^2) + grad s . v > = 0,        grad s . v = -2 R^2 s^2 v . (Hessian of log|psi|) . v,

    holds for every R; here R is the median of 1/|v|. The mean is divided by that of s.
    """
    if any(isinstance(term, Contact) for term in sampled.hamiltonian.potentials):
        return absent("kinetic energy", ESTIMATORS, "expected no contact, whose energy is the difference of both")
    reach = 1 / sampled.slope.median().clamp(min=SMALLEST)
    s = 1 / (1 + reach * sampled.slope)
    local = s * (sampled.laplacian + 2 * sampled.slope) - 2 * reach * s.square() * sampled.bend
    return found("kinetic energy", ESTIMATORS, sampled.by_walker(-local / s.mean()), 0.0)
