"""Sums of Slater determinants of orbitals that may depend on all particles."""

from typing import Any

import torch

from gaugeflow.errors import UserError
from gaugeflow.linalg import scaled_det, signed_log_sum
from gaugeflow.symmetry.actions.values import wide
from gaugeflow.wavefunctions.ansatz.orbitals import Orbitals, Sizes
from gaugeflow.wavefunctions.particles import Particles
from gaugeflow.wavefunctions.wavefunction import Ansatz, LogPsi

__all__ = ["Determinants"]


class Determinants(Ansatz):
    """``psi = sum_k det_k[up] det_k[down]``, or with ``full`` ``sum_k det_k`` of one matrix over both spins.

    The determinants are taken in float64 in any dtype of the orbitals; so is the logarithm that comes out.

    Raises:
        UserError: the orbitals have other sizes than `sizes`.
    """

    def __init__(self, orbitals: Orbitals, full: bool = False) -> None:
        super().__init__(orbitals.particles)
        expected = self.sizes(self.particles, full)
        if orbitals.sizes != expected:
            raise UserError(f"determinants: expected {expected} orbitals for up and down, came {orbitals.sizes}")
        self.orbitals, self.full = orbitals, full

    @staticmethod
    def sizes(particles: Particles, full: bool = False) -> Sizes:
        """How many orbitals each spin needs."""
        return (particles.n, particles.n) if full else particles.counts

    def log_psi(self, x: Any) -> LogPsi:
        up, down = (wide(phi) for phi in self.orbitals(x))
        terms = scaled_det(torch.cat((up, down), -2)) if self.full else scaled_det(up) * scaled_det(down)
        return LogPsi(*signed_log_sum(terms))
