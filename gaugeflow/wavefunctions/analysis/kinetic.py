"""Identities of the kinetic energy: the virial theorem, and two estimators of one number."""

import torch
from torch import Tensor

from gaugeflow.wavefunctions.analysis.identity import Identity, absent, found
from gaugeflow.wavefunctions.analysis.sampled import Sampled
from gaugeflow.wavefunctions.systems.potentials import Contact, Nuclei

__all__ = ["two_estimators", "virial"]

VIRIAL = "2T = sum of k V over potentials of degree k"
ESTIMATORS = "<-Lap psi / psi> = <(grad log psi)^2>, in Hartree"
REACH = 0.3
"""The distance from a node within which the difference of both estimators is smoothed, in units of its median."""


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
    """Green's theorem for psi grad psi: a jump or kink of psi, or a Laplacian that is wrong, breaks it.

    At a distance r from a node the difference goes like 1/r^2 and has no variance. It is multiplied by the polynomial
    of arXiv:2002.01434, eq. (13), which smooths it there and shifts its mean by the third order of `REACH` only.
    """
    if any(isinstance(term, Contact) for term in sampled.hamiltonian.potentials):
        return absent("kinetic energy", ESTIMATORS, "expected no contact, whose energy is the difference of both")
    local = 2 * sampled.kinetic - sampled.slope
    distance = sampled.slope.rsqrt()  # to the node, where psi is linear
    return found("kinetic energy", ESTIMATORS, sampled.by_walker(local * _smooth(distance)), 0.0)


def _smooth(distance: Tensor) -> Tensor:
    """7 x^6 - 15 x^4 + 9 x^2 for x < 1, else 1."""
    x = (distance / (REACH * distance.median())).clamp(max=1.0)
    return torch.where(x < 1, 7 * x**6 - 15 * x**4 + 9 * x**2, 1.0)
