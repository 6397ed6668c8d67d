"""Sums of Pfaffians of pairing functions: geminals of unlike and like spins, and unpaired particles."""

from typing import Any

import torch
from torch import Tensor, nn

from gaugeflow.errors import UserError
from gaugeflow.linalg import bordered, scaled_pfaffian, signed_log_sum
from gaugeflow.symmetry.actions.values import wide
from gaugeflow.wavefunctions.ansatz.orbitals import Orbitals, Sizes
from gaugeflow.wavefunctions.particles import Particles
from gaugeflow.wavefunctions.wavefunction import Ansatz, LogPsi

__all__ = ["Pfaffians"]


class Pfaffians(Ansatz):
    """``psi = sum_k Pf_k [[T_uu, F, U_u], [-F^T, T_dd, U_d], [-U_u^T, -U_d^T, 0]]``, as in cond-mat/0606036.

    ``F_ij = phi_i^T W phi_j`` pairs unlike spins (singlets, where W is symmetric and both spins have the same
    orbitals), ``T_ij = phi_i^T A phi_j`` with antisymmetric A like ones (`triplets`), and U are orbitals of particles
    without a partner: of ``|n_up - n_down|`` of the majority, or with triplets of one where n is odd.

    Args:
        orbitals: of the sizes of `sizes`: ``pairing`` for the pairs, and behind them the unpaired ones.
        pairing: how many orbitals the pairing functions are made of; at least the larger number of equal spins.
        generator: source of the coefficients W (the identity, so that the pairs are those of doubly occupied orbitals,
            and a little noise) and A (noise).

    Raises:
        UserError: too few pairing orbitals, or orbitals of other sizes.
    """

    def __init__(self, orbitals: Orbitals, pairing: int, generator: torch.Generator, triplets: bool = False) -> None:
        super().__init__(orbitals.particles)
        expected = self.sizes(self.particles, pairing, triplets)
        if orbitals.sizes != expected:
            raise UserError(f"pfaffians: expected {expected} orbitals for up and down, came {orbitals.sizes}")
        self.orbitals, self.pairing, self.triplets = orbitals, pairing, triplets
        self.unpaired = expected[0] - pairing
        shape = (orbitals.terms, pairing, pairing)
        noise = 0.1 * torch.randn(3, *shape, generator=generator, dtype=torch.float64)
        self.unlike = nn.Parameter(torch.eye(pairing, dtype=torch.float64) + noise[0])
        self.like = nn.Parameter(noise[1:]) if triplets else None

    @staticmethod
    def sizes(particles: Particles, pairing: int, triplets: bool = False) -> Sizes:
        """How many orbitals each spin needs."""
        if pairing < max(particles.counts):
            raise UserError(f"pfaffians: expected at least {max(particles.counts)} pairing orbitals, came {pairing}")
        unpaired = particles.n % 2 if triplets else abs(particles.n_up - particles.n_down)
        return (pairing + unpaired, pairing + unpaired)

    def log_psi(self, x: Any) -> LogPsi:
        up, down = (wide(phi) for phi in self.orbitals(x))
        return LogPsi(*signed_log_sum(scaled_pfaffian(self.matrix(up, down))))

    def matrix(self, up: Tensor, down: Tensor) -> Tensor:
        """The matrices ``(batch, terms, n + unpaired, n + unpaired)`` of orbitals ``(batch, terms, n_up, size)`` and
        ``(batch, terms, n_down, size)``."""
        paired_up, paired_down = up[..., : self.pairing], down[..., : self.pairing]
        unlike = paired_up @ (self.unlike.to(up.dtype) @ paired_down.mT)
        like_up, like_down = self._like(0, paired_up), self._like(1, paired_down)
        matrix = torch.cat((torch.cat((like_up, unlike), -1), torch.cat((-unlike.mT, like_down), -1)), -2)
        if self.unpaired:
            matrix = bordered(matrix, self._unpaired(up[..., self.pairing :], down[..., self.pairing :]))
        return matrix

    def _like(self, spin: int, phi: Tensor) -> Tensor:
        if self.like is None:
            return torch.zeros(*phi.shape[:-1], phi.shape[-2], dtype=phi.dtype, device=phi.device)
        coefficients = self.like[spin].to(phi.dtype)
        return phi @ ((coefficients - coefficients.mT) @ phi.mT)

    def _unpaired(self, up: Tensor, down: Tensor) -> Tensor:
        """Without triplets a minority particle has always a partner."""
        if self.triplets:
            return torch.cat((up, down), -2)
        majority_is_up = self.particles.n_up > self.particles.n_down
        up_weight, down_weight = (1.0, 0.0) if majority_is_up else (0.0, 1.0)
        return torch.cat((up * up_weight, down * down_weight), -2)
