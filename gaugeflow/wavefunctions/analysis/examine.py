"""The identities that a trained wavefunction must pass before its energy is believed."""

from collections.abc import Callable
from typing import Any

from torch import Tensor

from gaugeflow.wavefunctions.analysis.centre_of_mass import centre_of_mass
from gaugeflow.wavefunctions.analysis.cusps import contact_cusp, like_cusp, nuclear_cusps, unlike_cusp
from gaugeflow.wavefunctions.analysis.energies import v_score
from gaugeflow.wavefunctions.analysis.identity import Identity, found
from gaugeflow.wavefunctions.analysis.kinetic import two_estimators, virial
from gaugeflow.wavefunctions.analysis.rotations import angular_momentum, parity
from gaugeflow.wavefunctions.analysis.sampled import Sampled
from gaugeflow.wavefunctions.analysis.spin import total_spin
from gaugeflow.wavefunctions.hamiltonian import Hamiltonian

__all__ = ["examine"]


def examine(
    psi: Callable[[Any], Any], hamiltonian: Hamiltonian, walkers: Tensor, chunk_size: int | None = None
) -> list[Identity]:
    """Each identity with what was found, its error, and whether it fails.

    Args:
        psi: a wavefunction, or any function of float64 coordinates ``(batch, n, d)``, differentiable by torch, that
            gives psi ``(batch,)`` or ``(sign, log|psi|)``.
        hamiltonian: whose ground state psi is to be.
        walkers: with the density psi^2, independent ones ``(walkers, n, d)`` or a series ``(steps, walkers, n, d)``.
        chunk_size: configurations at a time; all by default.

    Returns:
        The energy and the V-score first, which no identity restricts, then one `Identity` for each line of the proof.

    Raises:
        UserError: walkers of other particles, or a function that gives something else.
    """
    sampled = Sampled(psi, hamiltonian, walkers, chunk_size)
    checks = (virial, two_estimators, centre_of_mass, total_spin, angular_momentum, parity, unlike_cusp, like_cusp)
    energy = found("energy", "in Hartree, on the walkers of this examination", sampled.by_walker(sampled.energy), None)
    special = (*contact_cusp(sampled), *nuclear_cusps(sampled))
    return [energy, v_score(sampled), *(check(sampled) for check in checks), *special]
